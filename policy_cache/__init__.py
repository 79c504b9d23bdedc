"""Knowledge about installed code: what may each global of a pickle do, and on what evidence.

Nothing here imports or runs the code it judges, and nothing here knows of the hook that asks.
The one question is :func:`policy_cache.policies.verdict`.
"""

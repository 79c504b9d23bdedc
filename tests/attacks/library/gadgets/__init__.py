"""A library as one finds them installed, with what an attacker looks for in one."""

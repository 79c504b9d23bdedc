"""Vectorized environments in processes, and models that are saved and loaded again."""

from __future__ import annotations

import gymnasium
import numpy
from telling import attempt, tell


def make(length: float):  # type: ignore[no-untyped-def]
    def build() -> gymnasium.Env:  # type: ignore[type-arg]
        env = gymnasium.make("CartPole-v1")
        env.unwrapped.length = length
        return env

    return build


def main() -> None:
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import SubprocVecEnv

    for context in ("fork", "spawn"):
        envs = gymnasium.vector.AsyncVectorEnv([make(0.5), make(0.7)], context=context)
        envs.reset(seed=1)
        seen = [numpy.round(envs.step(numpy.array([0, 1]))[0], 5).tolist() for _ in range(3)]
        tell(f"AsyncVectorEnv, {context}", [seen, envs.get_attr("length")])
        envs.close()
    for start in ("fork", "forkserver", "spawn"):
        vector = SubprocVecEnv([make(0.5), lambda: gymnasium.make("CartPole-v1")], start)
        vector.seed(1)
        vector.reset()
        tell(
            f"SubprocVecEnv, {start}", numpy.round(vector.step(numpy.array([0, 1]))[0], 5).tolist()
        )
        tell(f"spaces, {start}", repr(vector.observation_space))
        vector.close()
    model = PPO("MlpPolicy", "CartPole-v1", n_steps=16, batch_size=16, seed=0, device="cpu")
    model.learn(32)
    model.save("model")
    observation = numpy.zeros((1, 4), dtype=numpy.float32)
    attempt("predict", lambda: PPO.load("model", device="cpu").predict(observation)[0].tolist())


if __name__ == "__main__":
    main()

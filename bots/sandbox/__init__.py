"""The one door to bot code: `WorkerPool` in host.py. No Django in here.

Both sides: types.py, wire.py, syscalls.py. The host: host.py, conversation.py, process.py, launcher.py, tiers.py,
fairness.py, verdicts.py. The process that workers are forked from: zygote.py, warmup.py. The worker: lockdown.py, then
serve.py, loader.py, frames.py. Nothing is imported here on purpose: a worker takes only what it needs.
"""

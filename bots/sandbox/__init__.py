"""The one door to bot code: `WorkerPool` in host.py. No Django in here.

Both sides: types.py, wire.py. The host: host.py, conversation.py, process.py. The worker: worker.py,
serve.py, loader.py, jail.py. Nothing is imported here on purpose: a worker takes only what it needs.
"""

# Looks for secrets in its environment.
# expect: BLOCKED
# layers: zygote

import os

from attack import Attack, Denied

# Those of launcher.ENVIRONMENT, and what Python and libraries add.
KNOWN = {
    "HOME",
    "PATH",
    "TZ",
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "MALLOC_ARENA_MAX",
    "ARROW_DEFAULT_MEMORY_POOL",
    "PYTHONDONTWRITEBYTECODE",
    "LC_CTYPE",
    "PWD",
    "KMP_DUPLICATE_LIB_OK",
    "KMP_INIT_AT_FORK",
    "KERAS_BACKEND",
    "KERAS_HOME",
    "ORT_DISABLE_TELEMETRY",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TORCHINDUCTOR_CACHE_DIR",
}


class Bot(Attack):
    def attack(self) -> str:
        if unknown := os.environ.keys() - KNOWN:
            return str(sorted(unknown))
        raise Denied("nothing of the host's")

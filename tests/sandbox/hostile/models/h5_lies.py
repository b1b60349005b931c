# Is an HDF5 file of two kilobytes with a tensor of a terabyte.
# expect: RUNTIME_ERROR | MEMORY_LIMIT
# layers: rlimits
# needs: keras torch h5py
# unconfined: Keras itself refuses it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"

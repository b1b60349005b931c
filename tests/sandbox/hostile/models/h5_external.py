# Reads a secret by an HDF5 file that says where its values lie.
# expect: BLOCKED
# layers: landlock
# needs: h5py

import io

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        import h5py

        with h5py.File(io.BytesIO(self.models["DATA"]), "r") as archive:
            return bytes(archive["kernel"][:]).decode()

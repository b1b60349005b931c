# Has a model save itself.
# expect: BLOCKED
# layers: seccomp landlock rlimits

import numpy as np

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        import xgboost

        data = xgboost.DMatrix(np.ones((2, 1)), label=[0, 1])
        booster = xgboost.train({"nthread": 1}, data, 1)
        try:
            booster.save_model(f"{TARGET['open_folder']}/marker.json")
        except xgboost.core.XGBoostError as error:
            raise Denied(type(error).__name__) from error
        return "saved"

"""A model's text with impossible numbers."""

from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model

TEXT = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=2147483646
objective=binary sigmoid:1
feature_names=a
feature_infos=[0:1]
tree_sizes=99999999999999999999 4

Tree=0
num_leaves=2147483647
num_cat=0
split_feature=0
threshold=0.5
leaf_value=1 2

end of trees
"""


def extras(target: dict[str, Any]) -> Extras:
    return model("model.txt", TEXT.encode(), "LIGHTGBM")

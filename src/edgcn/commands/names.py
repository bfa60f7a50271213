"""How the field would call what a run learned with.

settings of pre-training -> the name of a row
"""

from edgcn.commands.config import PretrainConfig

# What papers call an encoder that was trained their way; with a projector where they have one.
METHODS = {
    ("ascal-lstm", "moco", False): "AS-CAL",
    ("stgcn-quarter", "moco", True): "SkeletonCLR",
    ("pc-gru", "predict-cluster", False): "P&C",
    ("vae-lstm", "variational", False): "U-S-VAE Z",
}
WEAK = {"fixed-weights": "FW", "fixed-state": "FS"}


def method_name(config: PretrainConfig) -> str:
    """EDGCN, A-EDGCN with moments, or the paper's method.

    An encoder and an objective that no paper put together are both named.
    """
    encoder, weak = config.encoder, WEAK[config.decoder]
    contrast = config.objective == "moco"
    method = METHODS.get((encoder, config.objective, config.projector and contrast))
    if method:
        method += f" {weak}" if config.objective == "predict-cluster" else ""
        return f"{method} ({encoder}{', moments' if config.moments else ''})"
    name = encoder + (" + moments" if config.moments else "")
    if encoder.startswith("edgcn"):
        name = f"{'A-EDGCN' if config.moments else 'EDGCN'} ({encoder})"
    how = {
        "barlow": ", Barlow Twins",
        "moco": "",
        "predict-cluster": f", P&C {weak}",
        "variational": ", VAE",
    }
    return name + how[config.objective]

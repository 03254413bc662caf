"""Owns the throwaway child of `missing_layers`: does nothing but say which layers it could not put on."""

from collections.abc import Mapping

from jobs.process.child import Send, layers_missing_here, serve


def _answer(request: Mapping[str, object], send: Send) -> Mapping[str, object]:
    return {"missing": list(layers_missing_here())}


if __name__ == "__main__":
    serve(_answer)

"""Where the site's own styles, scripts, fonts and pictures are kept for browsers."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Hashed(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Every file under a name with its hash, scripts that other scripts import included: browsers keep all of them."""

    support_js_module_import_aggregation = True

"""The API's routes."""

from ninja import NinjaAPI

api = NinjaAPI(title="Mundwerk", version="1", docs_url=None, openapi_url=None)

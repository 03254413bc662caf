"""The API's routes."""

from ninja import NinjaAPI

from jobs.api.auth import KeyAuth
from jobs.api.errors import add_handlers
from jobs.api.parsing import JsonParser
from jobs.api.views import router

api = NinjaAPI(title="Mundwerk", version="1", auth=KeyAuth(), parser=JsonParser(), docs_url=None)
api.add_router("", router)
add_handlers(api)

"""The API's routes."""

from jobs.api.auth import KeyAuth
from jobs.api.document import DocumentedAPI
from jobs.api.errors import add_handlers
from jobs.api.parsing import JsonParser
from jobs.api.views import router

api = DocumentedAPI(title="Mundwerk", auth=KeyAuth(), parser=JsonParser(), docs_url=None)
api.add_router("", router)
add_handlers(api)

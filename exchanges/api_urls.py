"""Included under `api/exchanges/`. A trailing slash is taken off by the middleware before routing."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from exchanges import api

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("credentials", api.CredentialViewSet, basename="credential")

urlpatterns = [
    path("supported", api.SupportedView.as_view(), name="exchanges-supported"),
    path("validate-credentials", api.ValidateCredentialsView.as_view(), name="validate-credentials"),
    path("test-connection", api.TestConnectionView.as_view(), name="test-connection"),
    path("account-info/<str:exchange_name>", api.AccountInfoView.as_view(), name="account-info"),
    path("account-info/<str:exchange_name>/positions", api.PositionsView.as_view(), name="account-positions"),
    path("instruments", api.InstrumentListView.as_view(), name="instruments"),
    *router.urls,
]

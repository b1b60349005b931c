"""All addresses. Pages and API share the models; each app brings its own."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from marketplace import health

handler404 = "marketplace.api.not_found"
handler500 = "marketplace.api.server_failed"

urlpatterns = [
    path("", include("bots.urls")),
    path("", include("subscriptions.urls")),
    path("accounts/", include("marketplace.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("health", health.health, name="health"),
    path("", include("django_prometheus.urls")),
    path("api/exchanges/", include("exchanges.api_urls")),
    path("api/", include("bots.api_urls")),
    path("api/", include("subscriptions.api_urls")),
    path("api/", include("marketplace.accounts.api_urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
]

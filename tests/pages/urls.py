"""The product's addresses with those of the API tokens page, wherever the root puts it."""

from django.urls import include, path

from marketplace.urls import urlpatterns as product

urlpatterns = [path("accounts/", include("marketplace.accounts.urls")), *product]

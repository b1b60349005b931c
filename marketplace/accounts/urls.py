from django.urls import path

from marketplace.accounts import views

app_name = "accounts"
urlpatterns = [
    path("tokens", views.tokens, name="tokens"),
    path("tokens/<str:token_key>/delete", views.delete_token, name="delete-token"),
]

from django.urls import path

from bots import views

app_name = "bots"
urlpatterns = [
    path("", views.market, name="market"),
    path("bots/<uuid:bot_id>", views.detail, name="detail"),
]

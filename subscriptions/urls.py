from django.urls import path

from subscriptions import views

app_name = "subscriptions"
urlpatterns = [
    path("bots/<uuid:bot_id>/subscribe", views.create, name="create"),
    path("bots/<uuid:bot_id>/runs", views.runs, name="runs"),
    path("subscriptions/pairs", views.pairs, name="pairs"),
    path("subscriptions", views.list_, name="list"),
    path("subscriptions/<uuid:subscription_id>", views.detail, name="detail"),
    path("subscriptions/<uuid:subscription_id>/live", views.live, name="live"),
    path("subscriptions/<uuid:subscription_id>/start", views.start, name="start"),
    path("subscriptions/<uuid:subscription_id>/pause", views.pause, name="pause"),
    path("subscriptions/<uuid:subscription_id>/stop", views.stop, name="stop"),
    path("subscriptions/<uuid:subscription_id>/candles.json", views.candles_json, name="candles"),
    path("subscriptions/<uuid:subscription_id>/equity.json", views.equity_json, name="equity"),
]

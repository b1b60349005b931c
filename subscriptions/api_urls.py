from rest_framework.routers import SimpleRouter

from subscriptions.api import BotRunsViewSet, SubscriptionViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("subscriptions", SubscriptionViewSet, basename="subscription")
router.register("bots", BotRunsViewSet, basename="bot-runs")
urlpatterns = router.urls

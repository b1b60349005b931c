from rest_framework.routers import SimpleRouter

from subscriptions.api import SubscriptionViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("subscriptions", SubscriptionViewSet, basename="subscription")
urlpatterns = router.urls

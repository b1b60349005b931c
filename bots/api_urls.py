from rest_framework.routers import SimpleRouter

from bots.api import BotViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("bots", BotViewSet, basename="bot")
urlpatterns = router.urls

"""The admin site: for moderators and staff."""

from django.contrib.admin import AdminSite


class MarketplaceAdminSite(AdminSite):
    site_header = "Trading Bot Marketplace"
    site_title = "Moderation"
    index_title = "Moderation and operation"

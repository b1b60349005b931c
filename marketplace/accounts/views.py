"""A user's API tokens: made, listed and deleted. The token itself is shown once, right after it was made."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from knox.models import AuthToken


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """POST makes one and shows it in the answer: it is stored as a hash and cannot be shown again."""
    made = None
    if request.method == "POST":
        _instance, made = AuthToken.objects.create(request.user)
    mine = AuthToken.objects.filter(user=request.user).order_by("-created")
    return render(request, "accounts/tokens.html", {"tokens": mine, "made": made})


@login_required
@require_POST
def delete_token(request: HttpRequest, token_key: str) -> HttpResponse:
    """`token_key` is the token's first characters, which are no secret."""
    get_object_or_404(AuthToken, user=request.user, token_key=token_key).delete()
    messages.success(request, _("Deleted. Whoever used that token is locked out now."))
    return redirect("accounts:tokens")

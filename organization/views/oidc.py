"""The organisation's own sign-in (OpenID Connect): off to the provider and back, and tying it to one's sign-in here."""

from __future__ import annotations

import secrets
from typing import Final

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from organization.access import user_of
from organization.arrivals import safe_target
from organization.identity import NOT_TRUSTED, UNREACHABLE, IdentityAdapter, IdentityFailed, link_intent, provider_of
from organization.services.identities import identity_remove
from organization.views.mfa import OWN, confirmed, said
from pmo_portal.lib.access import actor_of, public, signed_in
from pmo_portal.lib.pages import go_to, render_page

REASON: Final = "Who is not signed in must be able to come in."


@public(REASON)
@never_cache
@require_GET
def oidc_start(request: HttpRequest) -> HttpResponse:
    """Off to the organisation's sign-in. A link, not a form: our own policy lets no form lead to another host."""
    _offered()
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        # Another site may not begin what ends with somebody signed in.
        return go_to(request, "organization:sign_in")
    return _off(request, AuthProcess.LOGIN, safe_target(request))


@signed_in(OWN)
@confirmed
@never_cache
@require_GET
def oidc_link(request: HttpRequest) -> HttpResponse:
    """Tie the organisation's sign-in to one's own here, wherever the addresses differ."""
    _offered()
    if not constant_time_compare(request.GET.get("intent", ""), link_intent(request)):
        # Only from the button on one's own page: the link is as good as a form's token.
        return go_to(request, "organization:security")
    return _off(request, AuthProcess.CONNECT, "/account/")


@public(REASON)
@never_cache
@require_GET
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """Back from the organisation's sign-in, with a code that is good for one token."""
    _offered()
    try:
        answer: HttpResponse = OAuth2CallbackView.adapter_view(IdentityAdapter(request))(request)
    except IdentityFailed as error:
        return _failed(request, str(error), error.status)
    except requests.RequestException:
        return _failed(request, str(UNREACHABLE), 503)
    except (OAuth2Error, ValueError, LookupError, TypeError, AttributeError):
        return _failed(request, str(NOT_TRUSTED), 400)
    return answer


@signed_in(OWN)
@confirmed
@require_POST
def oidc_unlink(request: HttpRequest) -> HttpResponse:
    """No longer come in by the organisation's sign-in."""
    return said(
        request,
        lambda: identity_remove(actor=actor_of(request), user=user_of(request), at=timezone.now()),
        _("The organisation's sign-in no longer opens your account."),
    )


def _offered() -> None:
    if not settings.SOCIALACCOUNT_PROVIDERS:
        raise Http404


def _off(request: HttpRequest, process: str, target: str) -> HttpResponse:
    nonce = secrets.token_urlsafe(24)
    provider = provider_of(request)
    try:
        return provider.redirect(
            request,
            process,
            next_url=target,
            data={"nonce": nonce},
            auth_params={"nonce": nonce},
        )
    except ImmediateHttpResponse as error:
        return error.response
    except IdentityFailed as error:
        return _failed(request, str(error), error.status)
    except (requests.RequestException, OAuth2Error, ValueError, LookupError, TypeError, AttributeError):
        return _failed(request, str(UNREACHABLE), 503)


def _failed(request: HttpRequest, text: str, status: int) -> HttpResponse:
    return render_page(request, "organization/sign_in_refused.html", {"refusal": text}, status=status)

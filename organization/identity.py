"""What django-allauth may do in the portal: keep second steps, sealed, and recognise people of the organisation.

It lets nobody in by itself and makes no accounts: our views do the one, administrators the other.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

import jwt
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from requests import RequestException

from organization.access import user_of
from organization.arrivals import first_step_done
from organization.models import SignInWay, User
from organization.selectors.sign_in import user_named, user_with
from organization.services.identities import identity_add

PROVIDER: Final = "organisation"
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

NOT_TRUSTED: Final = _("The answer of the organisation's sign-in could not be checked. Begin again.")
UNREACHABLE: Final = _("The organisation's sign-in does not answer. Try again later, or use your password.")
UNKNOWN: Final = _(
    "Nobody here signs in with this account of the organisation. If you have a password here, sign in with it and tie "
    "the account in your profile; else ask your PMO office to invite you."
)


if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: people are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SecondStepAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps lie sealed in the database: a copy of it alone gives nobody's codes away."""

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _seal().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}


class IdentityFailed(Exception):
    """The organisation's sign-in does not let this person in; ``str()`` says why, in words for them."""

    def __init__(self, text: str | StrPromise, *, status: int = 403) -> None:
        super().__init__(text)
        self.status = status


class ForeignIdentityAdapter(DefaultSocialAccountAdapter):
    """Who comes back from the organisation's sign-in is somebody we know, or stays outside."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        if error == AuthError.CANCELLED:
            raise IdentityFailed(_("You stopped the sign-in. Begin again whenever you like."), status=200)
        if isinstance(exception, RequestException):
            raise IdentityFailed(UNREACHABLE, status=503)
        raise IdentityFailed(NOT_TRUSTED, status=400)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Take over from allauth: what it found is checked once more, and our own door decides."""
        claims = request.identity_claims  # type: ignore[attr-defined]
        asked = (sociallogin.state.get("data") or {}).get("nonce", "")
        # SECURITY: the token answers the question this browser asked, and no other.
        if not asked or not constant_time_compare(str(claims.get("nonce", "")), asked):
            raise IdentityFailed(NOT_TRUSTED, status=400)
        known = sociallogin.user if sociallogin.is_existing else None
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            raise ImmediateHttpResponse(_tied(request, sociallogin, known))
        user = user_with(known.pk) if known is not None else _known_by_address(sociallogin, claims)
        if user is None:
            raise IdentityFailed(UNKNOWN)
        raise ImmediateHttpResponse(
            first_step_done(
                request,
                user,
                way=SignInWay.ORGANISATION,
                target=sociallogin.state.get("next") or "/",
                is_enough=settings.OIDC_HAS_SECOND_STEP,
            )
        )


class IdentityProvider(OpenIDConnectProvider):
    """The organisation's provider, as the environment names it."""

    def get_oauth2_adapter(self, request: HttpRequest) -> IdentityAdapter:
        return IdentityAdapter(request)

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Who it is, for ever and only at this provider: another one may give the same number to somebody else."""
        token = data["id_token"]
        return hashlib.sha256(f"{token['iss']} {token['sub']}".encode()).hexdigest()


class IdentityAdapter(OpenIDConnectOAuth2Adapter):
    """Asks the provider, and believes only what it has signed for us."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, PROVIDER)

    def get_provider(self) -> IdentityProvider:
        return provider_of(self.request)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return request.build_absolute_uri(reverse("organization:oidc_callback"))

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> SocialLogin:
        if not isinstance(kwargs["response"].get("id_token"), str):
            raise IdentityFailed(NOT_TRUSTED, status=400)
        login: SocialLogin = super().complete_login(request, app, token, **kwargs)
        signed, told = login.account.extra_data["id_token"], login.account.extra_data.get("userinfo")
        if told is not None and told.get("sub") != signed["sub"]:
            raise IdentityFailed(NOT_TRUSTED, status=400)
        request.identity_claims = {**(told or {}), **signed}  # type: ignore[attr-defined]
        # What a provider tells of somebody is not ours to keep.
        login.account.extra_data = {"email": str(request.identity_claims.get("email", ""))}  # type: ignore[attr-defined]
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """The token's claims. The signature counts however the token came, and only of a kind with two keys."""
        try:
            header = jwt.get_unverified_header(id_token)
        except jwt.PyJWTError as error:
            raise OAuth2Error("not a token") from error
        if header.get("alg") not in ALGORITHMS:
            raise OAuth2Error("signed in a way that proves nothing")
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != app.client_id:
            raise OAuth2Error("made for somebody else")
        if "exp" not in claims or not claims.get("sub"):
            raise OAuth2Error("names nobody, or holds for ever")
        return claims


def provider_of(request: HttpRequest) -> IdentityProvider:
    """The one provider there is."""
    (config,) = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return IdentityProvider(request, app=SocialApp(provider="openid_connect", **config))


def link_intent(request: HttpRequest) -> str:
    """What only a page of this session knows: the button that ties an identity to it carries it."""
    return salted_hmac("organization.oidc.link", str(request.session.session_key)).hexdigest()


def _known_by_address(sociallogin: SocialLogin, claims: dict[str, Any]) -> User | None:
    """Whom the provider means, the first time they come.

    SECURITY: by address only if the provider vouches for the address; else whoever may choose their address there
    would be anybody here.
    """
    address = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(address, str):
        return None
    user = user_named(address)
    if user is None:
        return None
    identity_add(user=user, account=sociallogin.account, at=timezone.now())
    return user


def _tied(request: HttpRequest, sociallogin: SocialLogin, known: User | None) -> HttpResponse:
    if not request.user.is_authenticated:
        raise IdentityFailed(NOT_TRUSTED, status=400)
    user = user_of(request)
    if known is not None and known.pk != user.pk:
        raise IdentityFailed(_("Somebody else here signs in with this account of the organisation."))
    if known is None:
        identity_add(user=user, account=sociallogin.account, at=timezone.now())
    messages.success(request, _("You can sign in with the organisation's sign-in now."))
    return redirect("organization:security")


def _seal() -> MultiFernet:
    """Keys of the site's own keys: the present one seals, former ones still open (SECRET_KEY_FALLBACKS)."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    digests = [hashlib.sha256(b"organization.identity.second-step" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])

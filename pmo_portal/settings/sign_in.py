"""How people prove who they are: django-allauth keeps second steps and foreign identities, our own pages ask for them.

None of allauth's own addresses exist here (docs/adr/0036); what it may do is said by the adapters in
``organization.identity``.
"""

from __future__ import annotations

from typing import Any

from pmo_portal.environment import env

IDENTITY_APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
]

ACCOUNT_ADAPTER = "organization.identity.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"

MFA_ADAPTER = "organization.identity.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "PMO Portal"
# A code of the half minute before or after holds, too: phones are not always right. No code holds twice.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_COUNT = 10
MFA_RECOVERY_CODE_DIGITS = 8

SOCIALACCOUNT_ADAPTER = "organization.identity.ForeignIdentityAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5

# The organisation's own sign-in (OpenID Connect). It is offered once its address and our name there are set.
OIDC_SERVER_URL: str = env.str("OIDC_SERVER_URL", "")
OIDC_CLIENT_ID: str = env.str("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET: str = env.str("OIDC_CLIENT_SECRET", "")
# What the button says: "Sign in with ...".
OIDC_NAME: str = env.str("OIDC_NAME", "")
# Some providers tell the address only when they are asked for it once more.
OIDC_ASK_USERINFO: bool = env.bool("OIDC_ASK_USERINFO", False)
# The provider asks for a second step itself, so the portal need not.
OIDC_HAS_SECOND_STEP: bool = env.bool("OIDC_HAS_SECOND_STEP", False)

INVITATION_DAYS: int = env.int("INVITATION_DAYS", 7)


def provider_settings(
    *, server_url: str, client_id: str, secret: str, name: str, asks_userinfo: bool
) -> dict[str, dict[str, Any]]:
    """What allauth is told of the organisation's provider; nothing when there is none."""
    if not (server_url and client_id):
        return {}
    return {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "organisation",
                    "name": name,
                    "client_id": client_id,
                    "secret": secret,
                    "settings": {
                        "server_url": server_url,
                        "oauth_pkce_enabled": True,
                        "fetch_userinfo": asks_userinfo,
                    },
                }
            ]
        }
    }


SOCIALACCOUNT_PROVIDERS = provider_settings(
    server_url=OIDC_SERVER_URL,
    client_id=OIDC_CLIENT_ID,
    secret=OIDC_CLIENT_SECRET,
    name=OIDC_NAME,
    asks_userinfo=OIDC_ASK_USERINFO,
)

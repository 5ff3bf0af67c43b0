"""Vault and registry of Prove Keys, through the C library libprovekeystore.

    with Vault("device.vault", Unlock.passphrase("correct horse")) as vault:
        key = vault.current_key(US_UAT, origin) or vault.place_key(US_UAT, origin)
        assertion = vault.sign(key.device_id, challenge)

The library is looked for at PROVEKEYSTORE_LIBRARY, then where the system looks for libraries.
"""

from ._library import VERSION, StoreError
from .registry import (
    Decision, Event, ImportReport, NewKey, Policy, Registration, Registry, RegistryInfo,
)
from .unlock import Keyring, KeyProvider, ProviderRefusal, Unlock, create_key_file
from .vault import EU_PROD, EU_UAT, US_PROD, US_UAT, Key, Salvage, Storage, Vault, VaultInfo
from .values import Assertion, normalise_phone_number, verify_assertion

__all__ = [
    "VERSION", "StoreError", "Vault", "Storage", "Unlock", "Key", "US_UAT", "US_PROD", "EU_UAT",
    "EU_PROD", "Registry", "Registration", "Decision", "Event", "NewKey", "Policy", "Assertion",
    "KeyProvider", "ProviderRefusal", "Keyring", "create_key_file", "VaultInfo", "RegistryInfo",
    "Salvage", "ImportReport", "normalise_phone_number", "verify_assertion",
]
__version__ = VERSION

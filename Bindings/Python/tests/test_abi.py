"""The module's structs against the promised ABI, whose file the environment names."""

import ctypes
import os
import re

import pytest

from provekeystore import _library as lib

FILE = os.environ.get("PROVEKEYSTORE_ABI_FILE")
NAMES = {
    "Error": "pks_error", "UnlockStruct": "pks_unlock", "VaultOptions": "pks_vault_options",
    "KeyStruct": "pks_key", "NewKeyStruct": "pks_new_key", "AssertionStruct": "pks_assertion",
    "RotationStruct": "pks_rotation", "BackupStruct": "pks_backup",
    "DestructionStruct": "pks_destruction", "PolicyStruct": "pks_policy",
    "ReportStruct": "pks_vault_report", "CompactionStruct": "pks_compaction",
    "RegistryOptions": "pks_registry_options", "RegistrationStruct": "pks_registration",
    "CursorStruct": "pks_cursor", "RequestStruct": "pks_request",
    "DecisionStruct": "pks_decision", "PossessionStruct": "pks_possession",
    "ErasureStruct": "pks_erasure", "SweepStruct": "pks_sweep", "PlacingStruct": "pks_placing",
    "EventStruct": "pks_event", "RegistryReportStruct": "pks_registry_report",
    "ReplayStruct": "pks_replay", "RegistryCopyStruct": "pks_registry_copy",
    "ProviderStruct": "pks_provider", "KeyringStruct": "pks_keyring",
    "ProgramStruct": "pks_program", "FactsStruct": "pks_vault_facts",
    "SalvageStruct": "pks_salvage", "RegistryFactsStruct": "pks_registry_facts",
    "ExportCursorStruct": "pks_export_cursor", "ImportStruct": "pks_import",
}


@pytest.mark.skipif(FILE is None, reason="PROVEKEYSTORE_ABI_FILE is not set")
def test_every_struct_has_the_size_and_offsets_that_were_promised():
    promised, fields = {}, {}
    for line in open(FILE):
        if line.startswith("struct "):
            fields = promised.setdefault(line.split()[1], {})
        elif line.startswith("  in all "):
            fields[""] = int(line.split()[2])
        elif match := re.match(r"  .*?\(?\*?(\w+)(?:\[\w+\])?(?:\)\(.*\))? at (\d+), ", line):
            fields[match[1]] = int(match[2])
    structs = {name: kind for name, kind in vars(lib).items()
               if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
               and kind is not ctypes.Structure}
    assert structs.keys() == NAMES.keys()
    for name, kind in structs.items():
        actual = {field[0]: getattr(kind, field[0]).offset for field in kind._fields_}
        assert {"": ctypes.sizeof(kind), **actual} == promised[NAMES[name]], name

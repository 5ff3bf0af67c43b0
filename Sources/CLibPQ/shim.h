#ifndef PROVE_KEY_STORE_CLIBPQ_SHIM_H
#define PROVE_KEY_STORE_CLIBPQ_SHIM_H

#include <libpq-fe.h>

// The fields of an error are named by character constants, whose type differs between importers.
static const int pks_field_sql_state = PG_DIAG_SQLSTATE;
static const int pks_field_severity = PG_DIAG_SEVERITY_NONLOCALIZED;

#endif

package provekeystore.internal;

import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;

/** The structs of provekeystore.h, field by field; a test compares them with the promised ABI. */
public final class Structs {
  private Structs() {}

  /** A struct whose first field is its size. */
  public abstract static class Sized extends Structure {
    public int size;

    Sized() {}

    Sized(Pointer place) {
      super(place);
    }

    @Override
    public void write() {
      size = size();
      super.write();
    }

    /** Where a field lies, for the test of the ABI. */
    public int offset(String field) {
      return fieldOffset(field);
    }
  }

  @FieldOrder({"size", "code", "domain", "unused", "detail", "message"})
  public static class pks_error extends Sized {
    public int code;
    public int domain;
    public int unused;
    public long detail;
    public byte[] message = new byte[256];
  }

  @FieldOrder({"size", "unused", "name", "context", "wrap", "unwrap"})
  public static class pks_provider extends Sized {
    public int unused;
    public Pointer name;
    public Pointer context;
    public Library.Wrap wrap;
    public Library.Unwrap unwrap;
  }

  @FieldOrder({
    "size", "method", "secret", "secret_length", "path", "provider", "entangled_folder", "keyring",
    "program"
  })
  public static class pks_unlock extends Sized {
    public int method;
    public Pointer secret;
    public SizeT secret_length = new SizeT();
    public Pointer path;
    public Pointer provider;
    public Pointer entangled_folder;
    public Pointer keyring;
    public Pointer program;
  }

  @FieldOrder({"size", "kind", "description"})
  public static class pks_keyring extends Sized {
    public int kind;
    public Pointer description;
  }

  @FieldOrder({"size", "time_limit_milliseconds", "name", "arguments", "environment"})
  public static class pks_program extends Sized {
    public int time_limit_milliseconds;
    public Pointer name;
    public Pointer arguments;
    public Pointer environment;
  }

  @FieldOrder({
    "size", "format", "mode", "unlock_method", "is_entangled", "epoch", "epoch_count", "unused",
    "generation", "records", "keys", "file_bytes"
  })
  public static class pks_vault_facts extends Sized {
    public int format;
    public int mode;
    public int unlock_method;
    public int is_entangled;
    public int epoch;
    public int epoch_count;
    public int unused;
    public long generation;
    public long records;
    public long keys;
    public long file_bytes;
  }

  @FieldOrder({
    "size", "is_whole", "records", "keys", "storage_items", "databases", "database_rows",
    "loss_count"
  })
  public static class pks_salvage extends Sized {
    public int is_whole;
    public long records;
    public long keys;
    public long storage_items;
    public long databases;
    public long database_rows;
    public long loss_count;
  }

  @FieldOrder({
    "size", "unused", "placed", "bound", "unbound", "revoked", "events", "items", "file_bytes"
  })
  public static class pks_registry_facts extends Sized {
    public int unused;
    public long placed;
    public long bound;
    public long unbound;
    public long revoked;
    public long events;
    public long items;
    public long file_bytes;
  }

  @FieldOrder({"size", "is_at_end", "device_id"})
  public static class pks_export_cursor extends Sized {
    public int is_at_end;
    public byte[] device_id = new byte[256];
  }

  @FieldOrder({"size", "unused", "lines", "imported", "identical", "refused"})
  public static class pks_import extends Sized {
    public int unused;
    public long lines;
    public long imported;
    public long identical;
    public long refused;
  }

  @FieldOrder({"size", "access", "mode", "unused", "anchor_path"})
  public static class pks_vault_options extends Sized {
    public int access;
    public int mode;
    public int unused;
    public Pointer anchor_path;
  }

  @FieldOrder({
    "size", "state", "algorithm", "build_config", "created_at", "confirmed_at", "public_key_length",
    "public_key", "device_id", "origin"
  })
  public static class pks_key extends Sized {
    public int state;
    public int algorithm;
    public int build_config;
    public long created_at;
    public long confirmed_at;
    public int public_key_length;
    public byte[] public_key = new byte[65];
    public byte[] device_id = new byte[256];
    public byte[] origin = new byte[256];

    public pks_key() {}

    public pks_key(Pointer place) {
      super(place);
    }
  }

  @FieldOrder({
    "size", "algorithm", "public_key_length", "proof_length", "public_key", "proof", "device_id"
  })
  public static class pks_new_key extends Sized {
    public int algorithm;
    public int public_key_length;
    public int proof_length;
    public byte[] public_key = new byte[65];
    public byte[] proof = new byte[512];
    public byte[] device_id = new byte[256];
  }

  @FieldOrder({"size", "epoch", "resealed", "retired_count", "is_resumed", "is_complete", "unused"})
  public static class pks_rotation extends Sized {
    public int epoch;
    public long resealed;
    public int retired_count;
    public int is_resumed;
    public int is_complete;
    public int unused;
  }

  @FieldOrder({"size", "unused", "generation", "records", "keys", "file_bytes"})
  public static class pks_backup extends Sized {
    public int unused;
    public long generation;
    public long records;
    public long keys;
    public long file_bytes;
  }

  @FieldOrder({"size", "data_keys", "generation", "records", "keys", "overwritten_bytes"})
  public static class pks_destruction extends Sized {
    public int data_keys;
    public long generation;
    public long records;
    public long keys;
    public long overwritten_bytes;
  }

  @FieldOrder({"size", "is_sound", "records", "keys", "problem_count"})
  public static class pks_vault_report extends Sized {
    public int is_sound;
    public long records;
    public long keys;
    public long problem_count;
  }

  @FieldOrder({"size", "is_log_empty", "file_bytes_before", "file_bytes"})
  public static class pks_compaction extends Sized {
    public int is_log_empty;
    public long file_bytes_before;
    public long file_bytes;
  }

  @FieldOrder({
    "size", "device_kind", "new_key", "challenge", "challenge_length", "device_name", "visitor_id",
    "client_customer_id", "client_human_id"
  })
  public static class pks_placing extends Sized {
    public int device_kind;
    public Pointer new_key;
    public Pointer challenge;
    public SizeT challenge_length = new SizeT();
    public Pointer device_name;
    public Pointer visitor_id;
    public Pointer client_customer_id;
    public Pointer client_human_id;
  }

  @FieldOrder({
    "size", "is_sound", "registrations", "events", "has_set_digests", "problem_count"
  })
  public static class pks_registry_report extends Sized {
    public int is_sound;
    public long registrations;
    public long events;
    public int has_set_digests;
    public int problem_count;
  }

  @FieldOrder({"size", "agrees", "events", "decisions", "reproduced", "erased"})
  public static class pks_replay extends Sized {
    public int agrees;
    public long events;
    public long decisions;
    public long reproduced;
    public long erased;
  }

  @FieldOrder({"size", "unused", "registrations", "events", "file_bytes"})
  public static class pks_registry_copy extends Sized {
    public int unused;
    public long registrations;
    public long events;
    public long file_bytes;
  }

  @FieldOrder({
    "size", "has_counter", "has_vault_state", "unused", "counter", "generation", "digest",
    "signature", "device_id"
  })
  public static class pks_assertion extends Sized {
    public int has_counter;
    public int has_vault_state;
    public int unused;
    public long counter;
    public long generation;
    public byte[] digest = new byte[32];
    public byte[] signature = new byte[64];
    public byte[] device_id = new byte[256];
  }

  @FieldOrder({
    "size", "version", "inactivity_months", "key_persistence", "maximum_binding_age_seconds",
    "minimum_visitor_confidence", "selection", "recovers_by_visitor_alone", "clone_response",
    "registration_cap_kind", "registration_cap", "keeps_every_decision",
    "last_authenticated_granularity_seconds", "event_detail_days"
  })
  public static class pks_policy extends Sized {
    public int version;
    public int inactivity_months;
    public int key_persistence;
    public long maximum_binding_age_seconds;
    public double minimum_visitor_confidence;
    public int selection;
    public int recovers_by_visitor_alone;
    public int clone_response;
    public int registration_cap_kind;
    public int registration_cap;
    public int keeps_every_decision;
    public long last_authenticated_granularity_seconds;
    public long event_detail_days;
  }

  @FieldOrder({"size", "access", "store", "unlock", "tenant", "build_config", "mode", "policy"})
  public static class pks_registry_options extends Sized {
    public int access;
    public Pointer store;
    public Pointer unlock;
    public Pointer tenant;
    public int build_config;
    public int mode;
    public Pointer policy;
  }

  @FieldOrder({
    "size", "state", "is_suspended", "is_inactive", "device_kind", "algorithm", "version",
    "placed_at", "bound_at", "last_authenticated_at", "revoked_at", "becomes_inactive_at",
    "public_key_length", "public_key", "phone_number", "device_id", "prove_id", "visitor_id",
    "client_customer_id", "client_human_id", "device_name"
  })
  public static class pks_registration extends Sized {
    public int state;
    public int is_suspended;
    public int is_inactive;
    public int device_kind;
    public int algorithm;
    public long version;
    public long placed_at;
    public long bound_at;
    public long last_authenticated_at;
    public long revoked_at;
    public long becomes_inactive_at;
    public int public_key_length;
    public byte[] public_key = new byte[65];
    public byte[] phone_number = new byte[17];
    public byte[] device_id = new byte[256];
    public byte[] prove_id = new byte[256];
    public byte[] visitor_id = new byte[256];
    public byte[] client_customer_id = new byte[256];
    public byte[] client_human_id = new byte[256];
    public byte[] device_name = new byte[256];

    public pks_registration() {}

    public pks_registration(Pointer place) {
      super(place);
    }
  }

  @FieldOrder({"size", "is_at_end", "text"})
  public static class pks_cursor extends Sized {
    public int is_at_end;
    public byte[] text = new byte[72];
  }

  @FieldOrder({
    "size", "row", "sequence", "at", "policy_version", "has_detail", "kind", "reason", "actor"
  })
  public static class pks_event extends Sized {
    public int row;
    public long sequence;
    public long at;
    public int policy_version;
    public int has_detail;
    public byte[] kind = new byte[32];
    public byte[] reason = new byte[64];
    public byte[] actor = new byte[256];

    public pks_event() {}

    public pks_event(Pointer place) {
      super(place);
    }
  }

  @FieldOrder({
    "size", "channel", "rebind", "unused", "phone_number", "prove_id", "stored_device_id",
    "visitor_id", "visitor_confidence", "client_customer_id", "client_human_id", "assertion",
    "assertion_length", "challenge", "challenge_length"
  })
  public static class pks_request extends Sized {
    public int channel;
    public int rebind;
    public int unused;
    public Pointer phone_number;
    public Pointer prove_id;
    public Pointer stored_device_id;
    public Pointer visitor_id;
    public double visitor_confidence;
    public Pointer client_customer_id;
    public Pointer client_human_id;
    public Pointer assertion;
    public SizeT assertion_length = new SizeT();
    public Pointer challenge;
    public SizeT challenge_length = new SizeT();
  }

  @FieldOrder({
    "size", "row", "outcome", "action", "wire_code", "candidate_count", "reason", "device_id"
  })
  public static class pks_decision extends Sized {
    public int row;
    public int outcome;
    public int action;
    public int wire_code;
    public int candidate_count;
    public byte[] reason = new byte[64];
    public byte[] device_id = new byte[256];
  }

  @FieldOrder({"size", "passed", "phone_number", "prove_id"})
  public static class pks_possession extends Sized {
    public int passed;
    public Pointer phone_number;
    public Pointer prove_id;
  }

  @FieldOrder({"size", "unused", "erased_at", "registrations", "details", "items"})
  public static class pks_erasure extends Sized {
    public int unused;
    public long erased_at;
    public long registrations;
    public long details;
    public long items;
  }

  @FieldOrder({"size", "is_complete", "deactivated", "items_removed", "details_erased"})
  public static class pks_sweep extends Sized {
    public int is_complete;
    public long deactivated;
    public long items_removed;
    public long details_erased;
  }
}

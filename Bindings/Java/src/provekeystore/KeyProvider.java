package provekeystore;

import java.nio.ByteBuffer;

/**
 * A key store outside (a KMS, a TPM) that wraps one 32-byte key. It is asked on the thread of the
 * call that its {@link Unlock} is given to, and may keep nothing that it is lent.
 */
public interface KeyProvider {
  /** 1 to 64 printable ASCII characters, kept in the store's header. */
  String name();

  /**
   * Encrypts a key, and authenticates {@code binding} with it.
   *
   * @param key guarded memory, read only and gone after the call
   * @return at most 4,096 bytes
   */
  byte[] wrap(ByteBuffer key, byte[] binding) throws Refusal;

  /** Decrypts what {@code wrap} returned into all of {@code key}, given the same binding. */
  void unwrap(byte[] wrapped, byte[] binding, ByteBuffer key) throws Refusal;

  /** Why a provider does not answer; anything else that it throws says PROVIDER_FAILED. */
  final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    final Why why;

    /** A refusal with its reason. */
    public Refusal(Why why) {
      super(why.name());
      this.why = why;
    }
  }

  /** The reasons of a refusal. */
  enum Why {
    /** The key is gone for good. */
    KEY_GONE,
    /** The person cancelled. */
    CANCELLED,
    /** The provider cannot be reached. */
    UNREACHABLE
  }
}

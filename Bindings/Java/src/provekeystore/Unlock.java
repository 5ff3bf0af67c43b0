package provekeystore;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import provekeystore.internal.Library;
import provekeystore.internal.SizeT;
import provekeystore.internal.Structs.pks_provider;
import provekeystore.internal.Structs.pks_unlock;

/** How a vault or registry is unlocked. Closing it zeroes what it has copied of a secret. */
public final class Unlock implements AutoCloseable {
  private final pks_unlock struct = new pks_unlock();
  // What the struct points to; the callbacks as well, which the collector would take.
  private final Memory secret;
  private Memory path;
  private Memory folder;
  private pks_provider provider;
  private Memory providerName;
  private Throwable thrown;

  private Unlock(int method, Memory secret) {
    this.secret = secret;
    struct.method = method;
    struct.secret = secret;
    struct.secret_length = new SizeT(secret == null ? 0 : secret.size());
  }

  /** A key of 32 bytes. */
  public static Unlock rawKey(byte[] key) {
    return new Unlock(1, Library.lend(key));
  }

  /** What a person knows; zero the array yourself. */
  public static Unlock passphrase(char[] passphrase) {
    try {
      ByteBuffer encoded =
          StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(passphrase));
      byte[] bytes = Arrays.copyOf(encoded.array(), encoded.limit());
      Unlock unlock = new Unlock(2, Library.lend(bytes));
      Arrays.fill(bytes, (byte) 0);
      Arrays.fill(encoded.array(), (byte) 0);
      return unlock;
    } catch (CharacterCodingException malformed) {
      throw new IllegalArgumentException("the passphrase holds half a surrogate pair", malformed);
    }
  }

  /** A file of 32 bytes and mode 0600. */
  public static Unlock keyFile(String path) {
    Unlock unlock = new Unlock(3, null);
    unlock.path = Library.lend(path);
    unlock.struct.path = unlock.path;
    return unlock;
  }

  /** A key store outside. */
  public static Unlock provider(KeyProvider provider) {
    Unlock unlock = new Unlock(4, null);
    unlock.providerName = Library.lend(provider.name());
    unlock.provider = new pks_provider();
    unlock.provider.name = unlock.providerName;
    unlock.provider.wrap =
        (context, key, keyLength, binding, bindingLength, wrapped, wrappedLength) ->
            unlock.answer(
                () -> {
                  byte[] made =
                      provider.wrap(view(key, keyLength).asReadOnlyBuffer(),
                          bytes(binding, bindingLength));
                  if (made.length > wrappedLength.getLong(0)) {
                    throw new IllegalArgumentException("more bytes than a wrapped key may have");
                  }
                  wrapped.write(0, made, 0, made.length);
                  wrappedLength.setLong(0, made.length);
                });
    unlock.provider.unwrap =
        (context, wrapped, wrappedLength, binding, bindingLength, key, keyLength) ->
            unlock.answer(
                () -> {
                  ByteBuffer place = view(key, keyLength);
                  provider.unwrap(
                      bytes(wrapped, wrappedLength), bytes(binding, bindingLength), place);
                  if (place.hasRemaining()) {
                    throw new IllegalStateException("the key was not filled");
                  }
                });
    unlock.provider.write();
    unlock.struct.provider = unlock.provider.getPointer();
    return unlock;
  }

  /** Ties what is locked to a folder, whose random value must be there too. */
  public Unlock entangledWith(String folder) {
    this.folder = Library.lend(folder);
    struct.entangled_folder = this.folder;
    return this;
  }

  /** Makes a call with the struct; what a provider threw becomes the cause of its failure. */
  void lend(java.util.function.Consumer<pks_unlock> body) {
    thrown = null;
    try {
      body.accept(struct);
    } catch (StoreException refused) {
      if (thrown != null) {
        refused.initCause(thrown);
      }
      throw refused;
    }
  }

  /** Zeroes the secret; what was opened with it stays open. */
  @Override
  public void close() {
    if (secret != null) {
      secret.clear();
    }
  }

  @Override
  public String toString() {
    return "Unlock(method " + struct.method + ")";
  }

  private interface Asked {
    void run() throws Exception;
  }

  private int answer(Asked body) {
    try {
      body.run();
      return 0;
    } catch (KeyProvider.Refusal refusal) {
      thrown = refusal;
      return refusal.why.ordinal() + 1;
    } catch (Exception | Error failure) { // never over the border, where it would be lost
      thrown = failure;
      return 4;
    }
  }

  private static ByteBuffer view(Pointer pointer, SizeT count) {
    return pointer.getByteBuffer(0, count.longValue());
  }

  private static byte[] bytes(Pointer pointer, SizeT count) {
    return count.intValue() == 0 ? new byte[0] : pointer.getByteArray(0, count.intValue());
  }
}

package provekeystore;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import provekeystore.internal.Library;
import provekeystore.internal.SizeT;
import provekeystore.internal.Structs.pks_program;
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
  private Structure named;
  private Memory[] texts;
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

  /** A key in the Linux kernel's keyring. */
  public static Unlock keyring(Keyring keyring) {
    Unlock unlock = new Unlock(6, null);
    unlock.texts = new Memory[] {Library.lend(keyring.description())};
    unlock.named = keyring.struct(unlock.texts[0]);
    unlock.named.write();
    unlock.struct.keyring = unlock.named.getPointer();
    return unlock;
  }

  /** A program that wraps and unwraps. */
  public static Unlock program(KeyProgram program) {
    Unlock unlock = new Unlock(7, null);
    List<Memory> kept = new ArrayList<>();
    pks_program struct = new pks_program();
    struct.time_limit_milliseconds = Math.toIntExact(Math.max(1, program.timeLimit().toMillis()));
    struct.name = Library.lend(program.name());
    struct.arguments = list(program.arguments(), kept);
    if (program.environment() != null) {
      List<String> variables = new ArrayList<>();
      program.environment().forEach((name, value) -> variables.add(name + "=" + value));
      struct.environment = list(variables, kept);
    }
    struct.write();
    unlock.texts = kept.toArray(new Memory[0]);
    unlock.named = struct;
    unlock.struct.program = struct.getPointer();
    return unlock;
  }

  /** Texts that end with a NULL; all that they lie in is added to {@code kept}. */
  private static Memory list(List<String> texts, List<Memory> kept) {
    Memory list = new Memory((texts.size() + 1L) * Native.POINTER_SIZE);
    list.clear();
    for (int i = 0; i < texts.size(); i++) {
      Memory text = Library.lend(texts.get(i));
      kept.add(text);
      list.setPointer((long) i * Native.POINTER_SIZE, text);
    }
    kept.add(list);
    return list;
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
      // With a cause already where a call was lent this one twice.
      if (thrown != null && refused.getCause() == null) {
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

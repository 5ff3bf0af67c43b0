package provekeystore.internal;

import com.sun.jna.Callback;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.BiFunction;
import java.util.function.Function;
import provekeystore.StoreException;
import provekeystore.internal.Structs.pks_error;

/** The C library: loading it, calling it, and what crosses over. */
public final class Library {
  /** The ABI that the structs here are of. */
  public static final int ABI = 1;

  private static final int OK = 0;
  private static final int BUFFER_TOO_SMALL = 7;
  private static final int NOT_FOUND = 10;

  private static final NativeLibrary LIBRARY = load();

  private Library() {}

  private static NativeLibrary load() {
    String path = System.getenv("PROVEKEYSTORE_LIBRARY");
    NativeLibrary library = NativeLibrary.getInstance(path == null ? "libprovekeystore.so." + ABI : path);
    int abi = library.getFunction("pks_abi").invokeInt(new Object[0]);
    if (abi != ABI) {
      throw new UnsatisfiedLinkError("libprovekeystore has ABI " + abi + ", not " + ABI);
    }
    return library;
  }

  /** Told how far long work has come; answers 0 to go on. */
  public interface Progress extends Callback {
    /** The call. */
    int told(Pointer context, long done, long total);
  }

  /** A provider's {@code wrap}. */
  public interface Wrap extends Callback {
    /** The call. */
    int wrap(
        Pointer context, Pointer key, SizeT keyLength, Pointer binding, SizeT bindingLength,
        Pointer wrapped, Pointer wrappedLength);
  }

  /** A provider's {@code unwrap}. */
  public interface Unwrap extends Callback {
    /** The call. */
    int unwrap(
        Pointer context, Pointer wrapped, SizeT wrappedLength, Pointer binding,
        SizeT bindingLength, Pointer key, SizeT keyLength);
  }

  /** The library's version at run time. */
  public static String version() {
    return (String) LIBRARY.getFunction("pks_version").invoke(String.class, new Object[0]);
  }

  /** Makes a call; {@code arguments} are all but the error. */
  public static void call(String name, Object... arguments) {
    pks_error error = new pks_error();
    check(invoke(name, error, arguments), error);
  }

  /** Makes a call that may find nothing, and says whether it did. */
  public static boolean found(String name, Object... arguments) {
    pks_error error = new pks_error();
    int status = invoke(name, error, arguments);
    if (status == NOT_FOUND) {
      return false;
    }
    check(status, error);
    return true;
  }

  /** Reads a reply, and closes it. */
  public static String reply(long handle) {
    try {
      return new String(bytes("pks_reply_read", 1_024, handle), StandardCharsets.UTF_8);
    } finally {
      call("pks_close", handle);
    }
  }

  /** Makes a call that fills a buffer of bytes, again with a larger one where it says so. */
  public static byte[] bytes(String name, int capacity, Object... arguments) {
    return buffer(name, capacity, byte[]::new, Arrays::copyOf, arguments);
  }

  /** Makes a call that fills a buffer of UTF-16 code units; null when there is no such thing. */
  public static String text16(String name, Object... arguments) {
    short[] units = buffer(name, 256, short[]::new, Arrays::copyOf, arguments);
    if (units == null) {
      return null;
    }
    char[] text = new char[units.length];
    for (int i = 0; i < units.length; i++) {
      text[i] = (char) units[i];
    }
    return new String(text);
  }

  private static <B> B buffer(
      String name, int capacity, Function<Integer, B> make, BiFunction<B, Integer, B> cut,
      Object... arguments) {
    while (true) {
      pks_error error = new pks_error();
      LongByReference length = new LongByReference();
      B buffer = make.apply(capacity);
      Object[] all = Arrays.copyOf(arguments, arguments.length + 3);
      all[arguments.length] = buffer;
      all[arguments.length + 1] = new SizeT(capacity);
      all[arguments.length + 2] = length;
      int status = invoke(name, error, all);
      if (status == BUFFER_TOO_SMALL && length.getValue() >= capacity) {
        capacity = Math.toIntExact(length.getValue() + 1);
        continue;
      }
      if (status == NOT_FOUND) {
        return null;
      }
      check(status, error);
      return cut.apply(buffer, Math.toIntExact(length.getValue()));
    }
  }

  private static int invoke(String name, pks_error error, Object... arguments) {
    Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = error;
    return LIBRARY.getFunction(name).invokeInt(all);
  }

  private static void check(int status, pks_error error) {
    if (status == OK) {
      return;
    }
    String name =
        (String)
            LIBRARY.getFunction("pks_status_name").invoke(String.class, new Object[] {status});
    throw new StoreException(name, status, error.domain, error.detail, text(error.message));
  }

  // Texts and bytes.

  /** A text of the library's, up to its NUL. */
  public static String text(byte[] field) {
    int end = 0;
    while (end < field.length && field[end] != 0) {
      end++;
    }
    return new String(field, 0, end, StandardCharsets.UTF_8);
  }

  /** The same, null for an empty one. */
  public static String optional(byte[] field) {
    return field[0] == 0 ? null : text(field);
  }

  /** A text for the library, with its NUL; null stays null. */
  public static byte[] utf8(String text) {
    if (text == null) {
      return null;
    }
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a text holds a NUL");
    }
    try {
      // Not getBytes(), which would make a question mark of half a surrogate pair.
      ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      return Arrays.copyOf(Arrays.copyOf(encoded.array(), encoded.limit()), encoded.limit() + 1);
    } catch (CharacterCodingException malformed) {
      throw new IllegalArgumentException("a text holds half a surrogate pair", malformed);
    }
  }

  /** The code units of a text. */
  public static short[] utf16(String text) {
    short[] units = new short[text.length()];
    for (int i = 0; i < units.length; i++) {
      units[i] = (short) text.charAt(i);
    }
    return units;
  }

  /** A text that a struct points to; keep it for as long as the struct is used. */
  public static Memory lend(String text) {
    return text == null ? null : lend(utf8(text));
  }

  /** Bytes that a struct points to. */
  public static Memory lend(byte[] bytes) {
    if (bytes == null || bytes.length == 0) {
      return null;
    }
    Memory memory = new Memory(bytes.length);
    memory.write(0, bytes, 0, bytes.length);
    return memory;
  }

  /** How many bytes there are, none of null. */
  public static SizeT count(byte[] bytes) {
    return new SizeT(bytes == null ? 0 : bytes.length);
  }

  /** Copies bytes into a field of a struct, and says how many. */
  public static int fill(byte[] field, byte[] bytes) {
    if (bytes.length > field.length) {
      throw new IllegalArgumentException("more bytes than there can be");
    }
    System.arraycopy(bytes, 0, field, 0, bytes.length);
    return bytes.length;
  }
}

package provekeystore;

import com.sun.jna.ptr.LongByReference;
import java.util.Optional;
import provekeystore.internal.Library;
import provekeystore.internal.SizeT;

/** Names and values of one origin. Texts cross as UTF-16: any Java string comes back as it was. */
public final class Storage extends Handle {
  Storage(long handle) {
    super(handle);
  }

  /** The value of a key. */
  public Optional<String> get(String key) {
    short[] units = Library.utf16(key);
    return Optional.ofNullable(
        Library.text16("pks_storage_get16", handle(), units, new SizeT(units.length)));
  }

  /** Writes an item. */
  public void set(String key, String value) {
    short[] name = Library.utf16(key);
    short[] units = Library.utf16(value);
    Library.call(
        "pks_storage_set16", handle(), name, new SizeT(name.length), units,
        new SizeT(units.length));
  }

  /** Removes an item. */
  public void remove(String key) {
    short[] units = Library.utf16(key);
    Library.call("pks_storage_remove16", handle(), units, new SizeT(units.length));
  }

  /** The key at a place in the order of keys. */
  public Optional<String> keyAt(long index) {
    return Optional.ofNullable(Library.text16("pks_storage_key16", handle(), new SizeT(index)));
  }

  /** How many items there are. */
  public long count() {
    LongByReference count = new LongByReference();
    Library.call("pks_storage_count", handle(), count);
    return count.getValue();
  }

  /** Removes all items. */
  public void clear() {
    Library.call("pks_storage_clear", handle());
  }
}

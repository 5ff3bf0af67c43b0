package provekeystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import provekeystore.internal.Structs;

/** The module's structs against the promised ABI, whose file the environment names. */
class AbiTest {
  private static final Pattern FIELD =
      Pattern.compile("  .*?\\(?\\*?(\\w+)(?:\\[\\w+\\])?(?:\\)\\(.*\\))? at (\\d+), \\d+ bytes");

  @Test
  @DisplayName("every struct has the size and the offsets that were promised")
  void structs() throws Exception {
    Map<String, Map<String, Integer>> promised = new HashMap<>();
    Map<String, Integer> fields = null;
    for (String line : Files.readAllLines(Path.of(System.getenv("PROVEKEYSTORE_ABI_FILE")))) {
      if (line.startsWith("struct ")) {
        fields = promised.computeIfAbsent(line.substring(7), name -> new HashMap<>());
      } else if (line.startsWith("  in all ")) {
        fields.put("", Integer.parseInt(line.split(" +")[3]));
      } else if (line.startsWith("  ")) {
        Matcher field = FIELD.matcher(line);
        assertTrue(field.matches(), line);
        fields.put(field.group(1), Integer.parseInt(field.group(2)));
      }
    }
    int compared = 0;
    for (Class<?> type : Structs.class.getDeclaredClasses()) {
      if (type == Structs.Sized.class) {
        continue;
      }
      Structs.Sized struct = (Structs.Sized) type.getConstructor().newInstance();
      Map<String, Integer> actual = new HashMap<>();
      actual.put("", struct.size());
      List<String> names =
          List.of(type.getAnnotation(com.sun.jna.Structure.FieldOrder.class).value());
      names.forEach(name -> actual.put(name, struct.offset(name)));
      assertEquals(promised.get(type.getSimpleName()), actual, type.getSimpleName());
      compared++;
    }
    assertTrue(compared >= 32);
  }
}

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import de.brendamour.jpasskit.PKBarcode;
import de.brendamour.jpasskit.PKBeacon;
import de.brendamour.jpasskit.PKLocation;
import de.brendamour.jpasskit.PKPass;
import de.brendamour.jpasskit.PKSemantics;
import de.brendamour.jpasskit.semantics.PKCurrencyAmount;
import de.brendamour.jpasskit.semantics.PKSemanticLocation;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Prints one line for each pass.json of a folder: its name, then what jpasskit has against it, or "ok". */
public class CheckPasses {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  public static void main(String[] arguments) {
    MAPPER.registerModule(new JavaTimeModule());
    MAPPER.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    File[] files = new File(arguments[0]).listFiles((folder, name) -> name.endsWith(".json"));
    Arrays.sort(files);
    for (File file : files) {
      System.out.println(file.getName() + "\t" + judge(file));
    }
  }

  private static String judge(File file) {
    try {
      JsonNode tree = MAPPER.readTree(file);
      List<String> errors = new ArrayList<>(PKPass.builder(MAPPER.treeToValue(tree, PKPass.class)).getValidationErrors());
      judgeParts(tree, errors);
      return errors.isEmpty() ? "ok" : String.join("; ", errors).replace('\n', ' ');
    } catch (Exception error) {
      return String.valueOf(error.getMessage()).replace('\n', ' ');
    }
  }

  /** The validators of parts, which the one of the whole pass does not ask. */
  private static void judgeParts(JsonNode tree, List<String> errors) throws Exception {
    for (JsonNode one : tree.path("barcodes")) {
      errors.addAll(PKBarcode.builder(MAPPER.treeToValue(one, PKBarcode.class)).getValidationErrors());
    }
    for (JsonNode one : tree.path("locations")) {
      errors.addAll(PKLocation.builder(MAPPER.treeToValue(one, PKLocation.class)).getValidationErrors());
    }
    for (JsonNode one : tree.path("beacons")) {
      errors.addAll(PKBeacon.builder(MAPPER.treeToValue(one, PKBeacon.class)).getValidationErrors());
    }
    JsonNode tags = tree.path("semantics");
    if (!tags.isMissingNode()) MAPPER.treeToValue(tags, PKSemantics.class);
    for (String name : List.of("totalPrice", "balance")) {
      if (tags.has(name)) {
        errors.addAll(PKCurrencyAmount.builder(MAPPER.treeToValue(tags.get(name), PKCurrencyAmount.class)).getValidationErrors());
      }
    }
    for (String name : List.of("departureLocation", "destinationLocation", "venueLocation")) {
      if (tags.has(name)) {
        errors.addAll(PKSemanticLocation.builder(MAPPER.treeToValue(tags.get(name), PKSemanticLocation.class)).getValidationErrors());
      }
    }
  }
}

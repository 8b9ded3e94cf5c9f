import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import de.brendamour.jpasskit.PKPass;
import java.io.File;
import java.util.Arrays;
import java.util.List;

/** Prints one line for each pass.json of a folder: its name, then what jpasskit has against it, or "ok". */
public class CheckPasses {
  public static void main(String[] arguments) {
    ObjectMapper mapper = new ObjectMapper();
    mapper.registerModule(new JavaTimeModule());
    mapper.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    File[] files = new File(arguments[0]).listFiles((folder, name) -> name.endsWith(".json"));
    Arrays.sort(files);
    for (File file : files) {
      System.out.println(file.getName() + "\t" + judge(mapper, file));
    }
  }

  private static String judge(ObjectMapper mapper, File file) {
    try {
      List<String> errors = PKPass.builder(mapper.readValue(file, PKPass.class)).getValidationErrors();
      return errors.isEmpty() ? "ok" : String.join("; ", errors).replace('\n', ' ');
    } catch (Exception error) {
      return error.getMessage().replace('\n', ' ');
    }
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import software.amazon.event.ruler.Machine;

/**
 * Match RULES EVENTS WARM_S SECONDS: figures as JSON, in CPU time of the process.
 * A line of RULES is a list of patterns of which one must match; a line of EVENTS is an event.
 */
public class Match {
    private static final OperatingSystemMXBean SYSTEM =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private record Done(long events, long matches, double tookS) {}

    public static void main(String[] args) throws Exception {
        List<String> rules = Files.readAllLines(Path.of(args[0]));
        List<String> events = Files.readAllLines(Path.of(args[1]));
        ObjectMapper json = new ObjectMapper();
        Machine machine = new Machine();
        long before = used();
        double began = cpuS();
        for (int n = 0; n < rules.size(); n++) {
            String name = "w" + n;
            for (JsonNode pattern : json.readTree(rules.get(n))) {
                machine.addRule(name, pattern.toString());
            }
        }
        double putS = cpuS() - began;
        long grown = used() - before;
        match(machine, events, Double.parseDouble(args[2]));
        Done done = match(machine, events, Double.parseDouble(args[3]));
        System.out.printf(
            "{\"events_per_cpu_s\":%f,\"matches_an_event\":%f,\"put_per_cpu_s\":%f,\"bytes_a_workflow\":%f}%n",
            done.events / done.tookS, (double) done.matches / done.events,
            rules.size() / putS, (double) grown / rules.size());
    }

    private static Done match(Machine machine, List<String> events, double seconds)
            throws Exception {
        long done = 0, matches = 0;
        double began = cpuS(), tookS = 0;
        while (tookS < seconds) {
            for (String event : events) {
                matches += machine.rulesForJSONEvent(event).size();
            }
            done += events.size();
            tookS = cpuS() - began;
        }
        return new Done(done, matches, tookS);
    }

    private static double cpuS() {
        return SYSTEM.getProcessCpuTime() / 1e9;
    }

    private static long used() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}

package io.hybridiot.connect.influxdb2.client;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The properties that a connector gives its tasks: its own, and which task of how many each one is. */
public final class TaskProperties {
    public static final String TASK = "task.number";
    public static final String TASKS = "task.count";

    private TaskProperties() {}

    public static List<Map<String, String>> forEach(final Map<String, String> properties, final int tasks) {
        return IntStream.range(0, tasks).mapToObj(task -> one(properties, task, tasks)).toList();
    }

    private static Map<String, String> one(final Map<String, String> properties, final int task, final int tasks) {
        final Map<String, String> own = new HashMap<>(properties);
        own.put(TASK, Integer.toString(task));
        own.put(TASKS, Integer.toString(tasks));
        return own;
    }

    /** This task's number, from 0. */
    public static int task(final Map<String, String> properties) {
        return Integer.parseInt(properties.getOrDefault(TASK, "0"));
    }

    /** How many tasks there are. */
    public static int tasks(final Map<String, String> properties) {
        return Integer.parseInt(properties.getOrDefault(TASKS, "1"));
    }
}

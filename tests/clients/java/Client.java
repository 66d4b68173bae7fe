// HiveMQ's client and Eclipse Paho, each for 3.1.1 and 5.0: see ../README.md.

import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt3.Mqtt3Client;
import com.hivemq.client.mqtt.mqtt5.Mqtt5Client;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5PubAckException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

public final class Client {
  private static final int COUNT = 60;

  public static void main(final String[] words) throws Exception {
    final int port = Integer.parseInt(words[1]);
    final String topic = "t/" + words[3] + "/k";
    switch (words[4] + words[2]) {
      case "hivemq4" -> hivemq3(words[0], port, topic);
      case "hivemq5" -> hivemq5(words[0], port, topic);
      case "paho4" -> paho3(words[0], port, topic);
      default -> paho5(words[0], port, topic);
    }
    System.out.println("done");
    System.exit(0);
  }

  private static MqttQos qos(final int number) {
    return MqttQos.fromCode(number / 20);
  }

  private static byte[] payload(final int number) {
    return String.valueOf(number).getBytes();
  }

  private static void hivemq3(final String host, final int port, final String topic) throws Exception {
    final var client = Mqtt3Client.builder().serverHost(host).serverPort(port).buildAsync();
    client.connectWith().keepAlive(10)
        .willPublish().topic(topic).payload("will".getBytes()).qos(MqttQos.AT_LEAST_ONCE).applyWillPublish()
        .send().get();
    final List<CompletableFuture<?>> sent = new ArrayList<>();
    for (int number = 0; number < COUNT; number++) {
      sent.add(client.publishWith().topic(topic).qos(qos(number)).payload(payload(number)).send());
    }
    CompletableFuture.allOf(sent.toArray(new CompletableFuture<?>[0])).get();
    client.disconnect().get();
  }

  private static void hivemq5(final String host, final int port, final String topic) throws Exception {
    final var client = Mqtt5Client.builder().serverHost(host).serverPort(port).buildAsync();
    client.connectWith().keepAlive(10)
        .willPublish().topic(topic).payload("will".getBytes()).qos(MqttQos.AT_LEAST_ONCE).applyWillPublish()
        .send().get();
    final List<CompletableFuture<?>> sent = new ArrayList<>();
    for (int number = 0; number < COUNT; number++) {
      sent.add(client.publishWith().topic(topic).qos(qos(number)).payload(payload(number)).send());
    }
    CompletableFuture.allOf(sent.toArray(new CompletableFuture<?>[0])).get();
    try {
      final var result = client.publishWith().topic("nowhere").qos(MqttQos.AT_LEAST_ONCE).send().get();
      result.getError().ifPresent(Client::refused);
    } catch (final ExecutionException error) {
      refused(error.getCause());
    }
    client.disconnect().get();
  }

  private static void refused(final Throwable error) {
    if (error instanceof Mqtt5PubAckException no) {
      System.out.println("refused " + no.getMqttMessage().getReasonCode().getCode());
    }
  }

  private static void paho3(final String host, final int port, final String topic) throws Exception {
    final var client = new org.eclipse.paho.client.mqttv3.MqttClient(
        "tcp://" + host + ":" + port, "java-311-" + port, new org.eclipse.paho.client.mqttv3.persist.MemoryPersistence());
    final var options = new org.eclipse.paho.client.mqttv3.MqttConnectOptions();
    options.setMqttVersion(4);
    options.setKeepAliveInterval(10);
    options.setWill(topic, "will".getBytes(), 1, false);
    client.connect(options);
    for (int number = 0; number < COUNT; number++) {
      client.publish(topic, payload(number), number / 20, false);
    }
    client.disconnect();
  }

  private static void paho5(final String host, final int port, final String topic) throws Exception {
    final var client = new org.eclipse.paho.mqttv5.client.MqttAsyncClient(
        "tcp://" + host + ":" + port, "java-5-" + port,
        new org.eclipse.paho.mqttv5.client.persist.MemoryPersistence());
    final var options = new org.eclipse.paho.mqttv5.client.MqttConnectionOptions();
    options.setKeepAliveInterval(10);
    options.setWill(topic, new org.eclipse.paho.mqttv5.common.MqttMessage("will".getBytes(), 1, false, null));
    client.connect(options).waitForCompletion();
    for (int number = 0; number < COUNT; number++) {
      client.publish(topic, payload(number), number / 20, false).waitForCompletion();
    }
    final var token = client.publish("nowhere", "x".getBytes(), 1, false);
    try {
      token.waitForCompletion();
      System.out.println("refused " + token.getReasonCodes()[0]);
    } catch (final org.eclipse.paho.mqttv5.common.MqttException error) {
      System.out.println("refused " + error.getReasonCode());
    }
    client.disconnect().waitForCompletion();
  }
}

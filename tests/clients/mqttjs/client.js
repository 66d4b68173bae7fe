// MQTT.js: see ../README.md.
const mqtt = require("mqtt");

const [host, port, version, topic, transport] = process.argv.slice(2);

async function refusedBy(client) {
  try {
    const packet = await client.publishAsync("nowhere", "x", { qos: 1 });
    return packet && packet.reasonCode;
  } catch (error) {
    return error.code;
  }
}

async function main() {
  const url = transport === "ws" ? `ws://${host}:${port}/mqtt` : `mqtt://${host}:${port}`;
  const client = await mqtt.connectAsync(url, {
    protocolVersion: Number(version),
    keepalive: 10,
    reconnectPeriod: 0,
    will: { topic: `t/${topic}/k`, payload: Buffer.from("will"), qos: 1, retain: false },
  });
  const sent = [];
  for (let number = 0; number < 60; number += 1) {
    sent.push(client.publishAsync(`t/${topic}/k`, String(number), { qos: Math.floor(number / 20) }));
  }
  await Promise.all(sent);
  if (version === "5") console.log(`refused ${await refusedBy(client)}`);
  await client.endAsync();
  console.log("done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

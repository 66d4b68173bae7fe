// rumqttc, for 3.1.1 and 5.0: see ../../README.md.
use std::{env, process, thread, time::Duration};

const COUNT: usize = 60;

fn v311(host: &str, port: u16, topic: &str) {
    use rumqttc::{Client, Event, LastWill, MqttOptions, Outgoing, Packet, QoS};
    let mut options = MqttOptions::new(format!("rust-311-{port}"), host, port);
    options.set_keep_alive(Duration::from_secs(10));
    options.set_last_will(LastWill::new(topic, "will", QoS::AtLeastOnce, false));
    let (client, mut connection) = Client::new(options, 100);
    let (sender, name) = (client.clone(), topic.to_string());
    thread::spawn(move || {
        for number in 0..COUNT {
            let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][number / 20];
            sender.publish(&name, qos, false, number.to_string()).unwrap();
        }
    });
    let mut acknowledged = 0;
    for event in connection.iter() {
        match event.unwrap_or_else(|error| fail(&error.to_string())) {
            Event::Incoming(Packet::PubAck(_)) | Event::Incoming(Packet::PubComp(_)) => acknowledged += 1,
            Event::Outgoing(Outgoing::Disconnect) => return,
            _ => {}
        }
        if acknowledged == COUNT - 20 {
            acknowledged += 1;
            client.disconnect().unwrap();
        }
    }
}

fn v5(host: &str, port: u16, topic: &str) {
    use rumqttc::v5::mqttbytes::{v5::LastWill, v5::Packet, QoS};
    use rumqttc::v5::{Client, Event, MqttOptions};
    use rumqttc::Outgoing;
    let mut options = MqttOptions::new(format!("rust-5-{port}"), host, port);
    options.set_keep_alive(Duration::from_secs(10));
    options.set_last_will(LastWill::new(topic, "will", QoS::AtLeastOnce, false, None));
    let (client, mut connection) = Client::new(options, 100);
    let (sender, name) = (client.clone(), topic.to_string());
    thread::spawn(move || {
        for number in 0..COUNT {
            let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][number / 20];
            sender.publish(&name, qos, false, number.to_string()).unwrap();
        }
        sender.publish("nowhere", QoS::AtLeastOnce, false, "x").unwrap();
    });
    let (mut acknowledged, mut refused) = (0, false);
    for event in connection.iter() {
        match event.unwrap_or_else(|error| fail(&error.to_string())) {
            Event::Incoming(Packet::PubAck(answer)) => {
                acknowledged += 1;
                let said = format!("{:?}", answer.reason);
                if said == "TopicNameInvalid" {
                    println!("refused 144");
                    refused = true;
                }
            }
            Event::Incoming(Packet::PubComp(_)) => acknowledged += 1,
            Event::Outgoing(Outgoing::Disconnect) => return,
            _ => {}
        }
        if acknowledged == COUNT - 20 + 1 && refused {
            acknowledged += 1;
            client.disconnect().unwrap();
        }
    }
}

fn fail(cause: &str) -> ! {
    eprintln!("{cause}");
    process::exit(1)
}

fn main() {
    let words: Vec<String> = env::args().collect();
    let topic = format!("t/{}/k", words[4]);
    let port = words[2].parse().unwrap();
    if words[3] == "5" {
        v5(&words[1], port, &topic);
    } else {
        v311(&words[1], port, &topic);
    }
    println!("done");
}

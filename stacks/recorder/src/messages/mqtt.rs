//! Messages to a broker, by MQTT 3.1.1.
//!
//! acoupi publishes with QoS 0 and takes for sent what it has given to the kernel. minder publishes with QoS 1, and a message is
//! sent when the broker has acknowledged it. With QoS 0, which can be asked for, it is sent when the broker has closed the
//! connection after a farewell that came behind it, which is as sure as QoS 0 can be: nobody says that it was kept.

use std::time::Duration;

use jiff::Timestamp;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS,
    StateError, TlsConfiguration, Transport,
};
use tokio::runtime::Runtime;

use super::messenger::{CheckError, Messenger, SendError};
use super::{Message, Response, ResponseStatus, tls};
use crate::moment;
use crate::program::{MqttSettings, MqttTransport};

/// The largest message, as the protocol has it, and the largest answer that is read.
const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024 - 1;
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long a broker waits for a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Publishes each message.
pub struct MqttMessenger {
    settings: MqttSettings,
    qos: QoS,
    device: String,
    runtime: Runtime,
    link: Option<Link>,
}

struct Link {
    client: AsyncClient,
    events: EventLoop,
}

/// Why a broker did not take a message.
enum Trouble {
    /// It is not there, went away, or refuses.
    Connection(Box<ConnectionError>),
    /// It says nothing.
    Silence,
    /// It cannot be told such a thing.
    Request(String),
}

impl MqttMessenger {
    /// One that is not connected yet.
    ///
    /// # Errors
    /// When this machine has no room for it.
    pub fn new(settings: &MqttSettings, qos: u8, device: &str) -> Result<Self, CheckError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CheckError(error.to_string()))?;
        let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        Ok(Self { settings: settings.clone(), qos, device: device.to_owned(), runtime, link: None })
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.timeout))
    }

    /// Connects, if it is not.
    fn connect(&mut self) -> Result<Link, Trouble> {
        if let Some(link) = self.link.take() {
            return Ok(link);
        }
        let options = options(&self.settings, &self.device)?;
        let timeout = self.timeout();
        self.runtime.block_on(async move {
            let (client, events) = AsyncClient::new(options, 4);
            let mut link = Link { client, events };
            link.wait(timeout, |event| matches!(event, Event::Incoming(Packet::ConnAck(_)))).await?;
            Ok(link)
        })
    }

    fn publish(&mut self, message: &Message) -> Result<(), Trouble> {
        let mut link = self.connect()?;
        let topic = match message.kind {
            Some(kind) if self.settings.use_message_type => {
                format!("{}/{}", self.settings.topic, kind.word())
            }
            Some(_) | None => self.settings.topic.clone(),
        };
        let (qos, timeout) = (self.qos, self.timeout());
        let link = self.runtime.block_on(async move {
            link.client
                .try_publish(topic, qos, false, message.content.clone())
                .map_err(|error| Trouble::Request(error.to_string()))?;
            match qos {
                QoS::AtLeastOnce | QoS::ExactlyOnce => {
                    link.wait(timeout, |event| matches!(event, Event::Incoming(Packet::PubAck(_)))).await?;
                    Ok(Some(link))
                }
                QoS::AtMostOnce => {
                    link.wait(timeout, |event| matches!(event, Event::Outgoing(Outgoing::Publish(_))))
                        .await?;
                    link.farewell(timeout).await?;
                    Ok(None)
                }
            }
        })?;
        self.link = link;
        Ok(())
    }
}

impl Link {
    /// Waits for an event.
    async fn wait(&mut self, timeout: Duration, wanted: impl Fn(&Event) -> bool) -> Result<(), Trouble> {
        let found = async {
            loop {
                match self.events.poll().await {
                    Ok(event) if wanted(&event) => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(Trouble::Connection(Box::new(error))),
                }
            }
        };
        tokio::time::timeout(timeout, found).await.unwrap_or(Err(Trouble::Silence))
    }

    /// Says good-bye, and waits until the broker has closed the connection: it reads what came before first.
    async fn farewell(&mut self, timeout: Duration) -> Result<(), Trouble> {
        self.client.try_disconnect().map_err(|error| Trouble::Request(error.to_string()))?;
        self.wait(timeout, |event| matches!(event, Event::Outgoing(Outgoing::Disconnect))).await?;
        match self.wait(timeout, |_| false).await {
            Err(Trouble::Connection(error))
                if matches!(*error, ConnectionError::MqttState(StateError::ConnectionAborted)) =>
            {
                Ok(())
            }
            other => other,
        }
    }
}

impl Messenger for MqttMessenger {
    fn send(&mut self, message: &Message) -> Result<Response, SendError> {
        match self.publish(message) {
            Ok(()) => Ok(Response {
                status: ResponseStatus::Success,
                content: Some("MQTT_ERR_SUCCESS".into()),
                received_on: moment::whole_microseconds(Timestamp::now()),
            }),
            Err(trouble @ (Trouble::Connection(_) | Trouble::Silence)) => {
                Err(SendError::Unreachable(format!("MQTT connection error: {}", trouble.name())))
            }
            Err(Trouble::Request(error)) => {
                Err(SendError::Unsendable(format!("MQTT publish failed for message {}: {error}", message.id)))
            }
        }
    }

    fn rest(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        let timeout = self.timeout();
        // Everything was acknowledged: a farewell that fails has lost nothing.
        let _ = self.runtime.block_on(link.farewell(timeout));
    }

    fn check(&mut self) -> Result<(), CheckError> {
        match self.connect() {
            Ok(link) => {
                self.link = Some(link);
                self.rest();
                Ok(())
            }
            Err(trouble) => Err(CheckError(trouble.diagnosis())),
        }
    }
}

impl Trouble {
    /// The word that acoupi's library of MQTT has for it.
    fn name(&self) -> &'static str {
        match self {
            Self::Request(_) => "MQTT_ERR_INVAL",
            Self::Silence => "MQTT_ERR_NO_CONN",
            Self::Connection(error) => match &**error {
                ConnectionError::ConnectionRefused(
                    ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
                ) => "MQTT_ERR_AUTH",
                ConnectionError::ConnectionRefused(_) => "MQTT_ERR_CONN_REFUSED",
                ConnectionError::MqttState(StateError::ConnectionAborted) => "MQTT_ERR_CONN_LOST",
                ConnectionError::MqttState(_) | ConnectionError::NotConnAck(_) => "MQTT_ERR_PROTOCOL",
                ConnectionError::Tls(_) => "MQTT_ERR_TLS",
                ConnectionError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    "MQTT_ERR_CONN_REFUSED"
                }
                ConnectionError::Io(_) => "MQTT_ERR_CONN_LOST",
                _ => "MQTT_ERR_NO_CONN",
            },
        }
    }

    fn diagnosis(&self) -> String {
        let name = self.name();
        let details = match self {
            Self::Silence => return "Health check failed: Timeout connecting to the MQTT broker.".into(),
            Self::Request(error) => error.clone(),
            Self::Connection(error) => {
                let text = error.to_string();
                if text.contains("lookup address") || text.contains("Name or service not known") {
                    return "Health check failed: Unable to resolve the MQTT broker host.".into();
                }
                if matches!(**error, ConnectionError::NetworkTimeout) {
                    return "Health check failed: Timeout connecting to the MQTT broker.".into();
                }
                text
            }
        };
        format!(
            "Health check failed: MQTT Connection Error ({name}).\n{details}\n\
             Does the broker run, are host and port right, and user name and password?"
        )
    }
}

fn options(settings: &MqttSettings, device: &str) -> Result<MqttOptions, Trouble> {
    let host = match settings.transport {
        MqttTransport::Tcp | MqttTransport::Unix => settings.host.clone(),
        MqttTransport::Websockets => {
            let scheme = if settings.use_tls { "wss" } else { "ws" };
            format!("{scheme}://{}:{}/mqtt", settings.host, settings.port)
        }
    };
    let mut options = MqttOptions::new(device, host, settings.port);
    options.set_credentials(&settings.username, settings.password.as_deref().unwrap_or_default());
    options.set_clean_session(false);
    options.set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(ANSWER_BYTES_MAX, MESSAGE_BYTES_MAX);
    let encryption = || {
        let config = tls::client().map_err(|error| Trouble::Request(error.to_string()))?;
        Ok(TlsConfiguration::Rustls(std::sync::Arc::new(config)))
    };
    options.set_transport(match (settings.transport, settings.use_tls) {
        (MqttTransport::Tcp, false) => Transport::Tcp,
        (MqttTransport::Tcp, true) => Transport::Tls(encryption()?),
        (MqttTransport::Websockets, false) => Transport::Ws,
        (MqttTransport::Websockets, true) => Transport::Wss(encryption()?),
        (MqttTransport::Unix, _) => Transport::Unix,
    });
    Ok(options)
}

//! Why a request came to nothing, in words for a tired person.

use std::error::Error as _;
use std::time::Duration;

use matrix_sdk::ruma::api::error::{ErrorBody, ErrorKind, RetryAfter};
use matrix_sdk::{HttpError, reqwest};
use matrix_sdk_base::crypto::OlmError;

/// The words of a fault are cut here: a server may put a page of HTML into them.
const LONGEST_WORDS: usize = 200;

/// Why a request came to nothing.
#[derive(Clone, Debug)]
pub(in super::super) enum Trouble {
    /// Another try may do better, after this time where the server says so.
    Later(String, Option<Duration>),
    /// The session is over; with `soft` the device may log in again.
    LoggedOut { soft: bool },
    /// The server does not do this.
    Refused(String),
    /// The account may not do this there.
    Forbidden(String),
    /// The bot does not know yet what it must know for that.
    Unready(String),
    /// The server does not know the place in the stream any more that was asked for.
    Forgotten,
    /// The SDK may have taken an answer of which nothing is stored. It would pass over the same answer, so only another
    /// connection hears it again.
    Torn(String),
}

impl Trouble {
    /// Whether it ends the connection, and not one request alone.
    pub(in super::super) fn ends(&self) -> bool {
        matches!(self, Self::LoggedOut { .. } | Self::Torn(_) | Self::Forgotten)
    }

    /// In words for a tired person.
    pub(in super::super) fn words(&self) -> String {
        match self {
            Self::Later(why, _)
            | Self::Refused(why)
            | Self::Forbidden(why)
            | Self::Unready(why)
            | Self::Torn(why) => why.clone(),
            Self::LoggedOut { .. } => "the homeserver has logged me out".to_owned(),
            Self::Forgotten => "the homeserver does not know any more what I have read".to_owned(),
        }
    }
}

/// The answer, if it comes in time.
pub(super) async fn within<T, E: Into<matrix_sdk::Error>>(
    time: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer.map_err(|error| trouble(error.into())),
        Err(_) => {
            Err(Trouble::Later(format!("the homeserver did not answer for {} s", time.as_secs()), None))
        }
    }
}

/// What a fault of the SDK means. One that is not the server's is of this machine, its disk for one, and may pass.
pub(super) fn trouble(error: matrix_sdk::Error) -> Trouble {
    match error {
        matrix_sdk::Error::Http(error) => http_trouble(&error),
        // Nobody may be given the keys; another try would find the same.
        matrix_sdk::Error::OlmError(error)
            if matches!(*error, OlmError::SessionRecipientCollectionError(_)) =>
        {
            Trouble::Forbidden(cut(&error.to_string()))
        }
        error => Trouble::Later(cut(&error.to_string()), None),
    }
}

fn http_trouble(error: &HttpError) -> Trouble {
    match error.client_api_error_kind() {
        Some(ErrorKind::UnknownPos) => return Trouble::Forgotten,
        Some(ErrorKind::UnknownToken(how)) => return Trouble::LoggedOut { soft: how.soft_logout },
        Some(ErrorKind::LimitExceeded(how)) => {
            let after = match how.retry_after {
                Some(RetryAfter::Delay(after)) => Some(after),
                // A date would have to be compared with a clock of ours; the backoff is long enough.
                _ => None,
            };
            return Trouble::Later("the homeserver asks me to slow down".to_owned(), after);
        }
        _ => {}
    }
    match (error, error.as_client_api_error()) {
        (_, Some(answer)) => {
            let status = answer.status_code;
            let why = cut(&format!("the homeserver says {}", answer));
            // What a proxy says in place of the homeserver is about neither the room nor the session; but too much is too
            // much for everybody.
            let is_its_own = matches!(answer.body, ErrorBody::Standard(_)) || status.as_u16() == 413;
            let passes = !is_its_own || status.is_server_error() || matches!(status.as_u16(), 408 | 429);
            match status.as_u16() {
                _ if passes => Trouble::Later(why, None),
                403 => Trouble::Forbidden(why),
                _ => Trouble::Refused(why),
            }
        }
        (HttpError::Reqwest(error), None) => {
            Trouble::Later(cut(&format!("the homeserver cannot be reached: {}", root(error))), None)
        }
        (error, None) => {
            Trouble::Later(cut(&format!("the homeserver's answer makes no sense: {error}")), None)
        }
    }
}

/// The cause at the bottom of a fault: the layers above it name addresses, with what was asked in them.
pub(super) fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    if cause.source().is_none() && error.source().is_none() {
        "no answer".to_owned()
    } else {
        cause.to_string()
    }
}

pub(super) fn cut(words: &str) -> String {
    words.chars().take(LONGEST_WORDS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

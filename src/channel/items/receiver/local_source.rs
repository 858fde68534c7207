use std::task::{Context, Poll, ready};

use super::super::local::LocalReceiver;
use super::super::{Event, ReceiveError, Unreadable};
use super::settings::Settings;
use crate::channel::reader::Listeners;
use crate::channel::{StreamMetadata, StreamReport, Verdict};
use crate::wire::{Close, Header};

/// The source of a [`Receiver`](super::super::Receiver) whose sender is in this process.
pub(in crate::channel::items) struct LocalSource<T> {
    queue: LocalReceiver<T>,
    report: StreamReport,
    listeners: Listeners,
    goes_on_after_bad_items: bool,
    /// The metadata of the stream, and the header created from it.
    metadata: Option<StreamMetadata>,
    header: Option<Header>,
    /// The failure that ended the stream of items; later calls return it again.
    failure: Option<ReceiveError>,
}

impl<T> LocalSource<T> {
    pub(in crate::channel::items) fn new(queue: LocalReceiver<T>) -> Self {
        Self {
            queue,
            report: StreamReport::default(),
            listeners: Listeners::default(),
            goes_on_after_bad_items: false,
            metadata: None,
            header: None,
            failure: None,
        }
    }

    /// Only the setting for bad items applies: the limits concern encoded bytes.
    pub(in crate::channel::items) fn set(&mut self, settings: Settings) {
        self.goes_on_after_bad_items |= settings.goes_on_after_bad_items;
    }

    /// Sets the metadata of the stream.
    pub(in crate::channel::items) fn describe(&mut self, metadata: StreamMetadata) {
        self.metadata = Some(metadata);
    }

    /// Waits until the metadata is known. `make` supplies the rest of the header.
    pub(in crate::channel::items) fn poll_header(
        &mut self,
        make: impl FnOnce() -> Header,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ReceiveError>> {
        if let Some(metadata) = &self.metadata
            && self.header.is_none()
        {
            if !metadata.is_known() {
                ready!(self.queue.poll_peek(cx))?;
            }
            self.header = metadata.is_known().then(|| Header {
                content: metadata.get().cloned(),
                ..make()
            });
        }
        Poll::Ready(Ok(()))
    }

    pub(in crate::channel::items) fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    pub(in crate::channel::items) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event<T>>, ReceiveError>> {
        if let Some(failure) = &self.failure {
            return Poll::Ready(Err(failure.clone()));
        }
        // A message is passed to its listeners immediately, so wait for room in their queue first.
        ready!(self.listeners.poll_ready(cx));
        let event = ready!(self.queue.poll_event(cx))?;
        match &event {
            Some(Event::Item(_)) => self.report.items += 1,
            Some(Event::Message(text)) => {
                self.report.messages += 1;
                self.listeners.message(text);
            }
            Some(Event::Progress(progress)) => self.listeners.progress(progress),
            Some(Event::Signal(_)) | None => {}
        }
        Poll::Ready(Ok(event))
    }

    /// Records an item that an earlier receiver could not read.
    pub(in crate::channel::items) fn cannot_read(
        &mut self,
        Unreadable { error, goes_on }: Unreadable,
    ) -> ReceiveError {
        if goes_on && self.goes_on_after_bad_items {
            self.report.items += 1;
        } else {
            self.failure = Some(error.clone());
            self.queue.close(&Close::NORMAL);
        }
        error
    }

    /// Whether items may follow the returned error.
    pub(in crate::channel::items) fn goes_on(&self) -> bool {
        self.failure.is_none() && self.queue.end().is_none()
    }

    pub(in crate::channel::items) fn listeners(&mut self) -> &mut Listeners {
        &mut self.listeners
    }

    pub(in crate::channel::items) fn report(&self) -> StreamReport {
        StreamReport {
            verdict: self.queue.end().map(|end| match end {
                Ok(()) => Verdict::Complete,
                Err(error) => Verdict::Failed(error.clone()),
            }),
            ..self.report.clone()
        }
    }

    pub(in crate::channel::items) fn close(&mut self, close: &Close) {
        self.queue.close(close);
    }
}

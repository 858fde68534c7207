// Appended by `build.rs` to the SDK stage of `docs/migration.md`: runs it between two ends of
// pipewright.
use pipewright::prelude::*;

#[tokio::main]
async fn main() -> pipewright::Result<()> {
    let engine = pipewright::Engine::builder()
        .listen("127.0.0.1:0")
        .start()
        .await?;
    let url = engine.url().unwrap().to_string();
    let client = iii_sdk::register_worker(&url, Default::default());
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let worker = Worker::connect(engine.address()).await?;
    let ready = std::sync::Mutex::new(Some(ready));
    worker.register_function("here::ready", move |_: Value| {
        let ready = ready.lock().unwrap().take();
        async move { ready.map(|ready| ready.send(())).is_some() }
    })?;
    register(&client);
    worker.registered().await?;
    let request = iii_sdk::protocol::TriggerRequest::new("here::ready", json!({}));
    client.trigger(request).await.unwrap();
    is_ready.await.unwrap();
    let orders = [
        Order { id: 1, total: 50.0 },
        Order {
            id: 2,
            total: 150.0,
        },
    ];
    let stage = remote::<Order, Order>("orders::large");
    let run = Pipeline::from_iter(orders)
        .then(stage)
        .start(&worker)
        .await?;
    let large: Vec<Order> = run.collect().await?;
    assert_eq!(large.iter().map(|order| order.id).collect::<Vec<_>>(), [2]);
    Ok(())
}

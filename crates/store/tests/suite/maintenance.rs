use fubako_base::ids::MaintenanceId;
use fubako_store::maintenance::MaintenanceWindow;

use crate::{
    db::Db,
    make::{at, entry},
};

fn window(starts: i64, ends: i64) -> MaintenanceWindow {
    MaintenanceWindow {
        id: MaintenanceId::generate(),
        starts_at: at(starts),
        ends_at: at(ends),
        made_by: "root".to_owned(),
    }
}

// spec: X-OPERATOR
pub(crate) async fn windows_are_there_until_they_are_over(db: Db) {
    let (late, early) = (window(500, 600), window(100, 200));
    for window in [&late, &early] {
        db.store.add_maintenance(window, &entry(), at(0)).await.unwrap();
    }
    let there = async |now| db.store.maintenance_windows(at(now)).await.unwrap();
    assert_eq!(there(0).await, [early.clone(), late.clone()]);
    assert_eq!(there(199).await, [early, late.clone()]);
    assert_eq!(there(200).await, [late], "the end is open again");
    assert_eq!(there(600).await, []);
}

// spec: X-OPERATOR
pub(crate) async fn a_window_ends_when_it_is_told_to(db: Db) {
    let (coming, open, over) = (window(500, 600), window(100, 200), window(1, 2));
    for window in [&coming, &open, &over] {
        db.store.add_maintenance(window, &entry(), at(0)).await.unwrap();
    }
    let end = async |id| db.store.end_maintenance(id, &entry(), at(150)).await.unwrap();
    assert!(!end(over.id).await && !end(MaintenanceId::generate()).await);
    assert!(end(coming.id).await && !end(coming.id).await);
    assert_eq!(db.store.maintenance_windows(at(120)).await.unwrap(), std::slice::from_ref(&open), "the other goes on");
    assert!(end(open.id).await && !end(open.id).await);
    assert_eq!(db.store.maintenance_windows(at(150)).await.unwrap(), []);
    // That there was one is kept; the one that never came is not.
    let kept = MaintenanceWindow { ends_at: at(150), ..open };
    assert_eq!(db.store.maintenance_windows(at(10)).await.unwrap(), [kept]);
}

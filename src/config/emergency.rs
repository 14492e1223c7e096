//! `[emergency]`: what holds for a deployment outside windows.

use chrono::TimeDelta;

use super::reader::Section;
use crate::engine::checklist::Item as Point;
use crate::engine::settings::EmergencySettings;

/// Reads the section; without it everything is at its default.
pub(super) fn read(root: &Section<'_>) -> EmergencySettings {
    let mut emergency = EmergencySettings::default();
    let Some(section) = root.section("emergency") else { return emergency };
    if let Some(item) = section.get("checklist") {
        let fix = "Type the points that are left: [\"deployer\"].";
        let points = item.some_texts(fix);
        let point = |item: &super::item::Item<'_>| {
            let word = item.text()?;
            let found = Point::from_word(word);
            if found.is_none() {
                item.fault(
                    format!("{word:?} is no point of the checklist"),
                    "Points are precommit, beta, backport, deployer, and the guidelines that can ask.",
                );
            }
            found
        };
        let points: Vec<Point> = points.iter().filter_map(point).collect();
        if !points.is_empty() && !points.contains(&Point::Deployer) {
            item.fault("nobody would have read the patch", "Add \"deployer\".");
        }
        emergency.checklist = points;
    }
    if let Some(minutes) = section.get("minutes").and_then(|item| item.number(5..=720, "minutes")) {
        emergency.length = TimeDelta::minutes(minutes);
    }
    section.finish();
    emergency
}

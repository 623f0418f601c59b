use jiff::SignedDuration;

use super::*;

/// Two clocks that only the test moves.
#[derive(Debug)]
struct Hands(Mutex<Reading>);

impl Hands {
    fn at(wall: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Reading { wall: at(wall), monotonic: Duration::from_secs(5) })))
    }

    /// Both clocks go on.
    fn pass(&self, time: Duration) {
        let mut reading = self.0.lock().unwrap();
        reading.wall += SignedDuration::try_from(time).unwrap();
        reading.monotonic += time;
    }

    /// The machine's clock alone is set.
    fn step(&self, by: SignedDuration) {
        self.0.lock().unwrap().wall += by;
    }
}

impl TimeSource for Hands {
    fn read(&self) -> Reading {
        *self.0.lock().unwrap()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOON: &str = "2021-03-01T12:00:00Z";

fn trusted() -> (Arc<Hands>, LegalClock) {
    let hands = Hands::at(NOON);
    let clock = LegalClock::real(hands.clone(), Timestamp::UNIX_EPOCH, None, None);
    (hands, clock)
}

fn secs(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn jump_of(clock: &LegalClock) -> Option<Jump> {
    clock.look().doubt.map(|d| d.jump)
}

#[test]
fn legal_time_never_runs_backwards() {
    let start = at("2021-01-09T19:00:00Z");
    let clock = LegalClock::simulated(start);
    clock.advance_to(at("2020-01-01T00:00:00Z"));
    assert_eq!(clock.now(), start);
    assert_eq!(clock.look(), Look { now: start, machine: start, doubt: None });
    let future = at("2999-01-01T00:00:00Z");
    assert_eq!(LegalClock::real(Hands::at(NOON), future, None, None).now(), future);
}

#[test]
fn a_clock_that_agrees_with_the_monotonic_one_is_followed() {
    let (hands, clock) = trusted();
    for _ in 0..100 {
        hands.pass(Duration::from_mins(61));
        assert_eq!(clock.now(), hands.read().wall);
    }
    assert_eq!(jump_of(&clock), None);
}

#[test]
fn a_jump_forwards_makes_nothing_due() {
    let (hands, clock) = trusted();
    hands.pass(Duration::from_secs(10));
    hands.step(SignedDuration::from_hours(24 * 400));
    let look = clock.look();
    assert_eq!(look.now, at(NOON) + secs(10));
    let doubt = look.doubt.unwrap();
    assert_eq!(doubt.jump, Jump::Forwards);
    assert_eq!((doubt.expected, doubt.machine), (at(NOON) + secs(10), hands.read().wall));
    // Legal time goes on by the monotonic clock, also when the machine's clock is set right again.
    hands.pass(Duration::from_hours(1));
    assert_eq!(clock.now(), at(NOON) + secs(3_610));
    hands.step(SignedDuration::from_hours(24 * -400));
    assert_eq!(clock.now(), at(NOON) + secs(3_610));
    assert_eq!(jump_of(&clock), Some(Jump::Forwards), "until somebody confirms");
}

/// The monotonic clock of a machine stands still while it is suspended.
#[test]
fn sleep_is_a_jump_forwards() {
    let (hands, clock) = trusted();
    hands.step(SignedDuration::from_hours(8));
    assert_eq!(jump_of(&clock), Some(Jump::Forwards));
}

#[test]
fn a_jump_backwards_is_found_and_legal_time_stands_still_once_it_is_confirmed() {
    let (hands, clock) = trusted();
    hands.pass(Duration::from_mins(1));
    assert_eq!(clock.now(), at(NOON) + secs(60));
    hands.step(secs(-600));
    assert_eq!(jump_of(&clock), Some(Jump::Backwards));
    hands.pass(Duration::from_mins(1));
    assert_eq!(clock.now(), at(NOON) + secs(120), "in doubt it goes on by the monotonic clock");
    clock.confirm(hands.read().wall).unwrap();
    assert_eq!(jump_of(&clock), None);
    for _ in 0..9 {
        assert_eq!(clock.now(), at(NOON) + secs(120));
        hands.pass(Duration::from_mins(1));
    }
    hands.pass(Duration::from_secs(61));
    assert_eq!(clock.now(), at(NOON) + secs(121), "it goes on where the machine's clock has caught up");
    assert_eq!(jump_of(&clock), None);
}

#[test]
fn a_small_step_is_no_jump_and_makes_nothing_early() {
    for by in [-29, 29] {
        let (hands, clock) = trusted();
        hands.step(secs(by));
        assert_eq!(jump_of(&clock), None, "{by}");
        for _ in 0..60 {
            hands.pass(Duration::from_secs(1));
            let true_time = hands.read().wall - secs(by);
            let now = clock.now();
            // Ahead of both by the slewing at most.
            assert!(now <= true_time + SignedDuration::from_millis(30), "{by}: {now} {true_time}");
            assert!(now <= hands.read().wall.max(at(NOON)), "{by}: never ahead of the machine's clock");
        }
        assert_eq!(jump_of(&clock), None, "{by}");
    }
}

#[test]
fn small_steps_that_follow_each_other_add_up_to_a_jump() {
    for by in [-20, 20] {
        let (hands, clock) = trusted();
        let mut steps = 0;
        while jump_of(&clock).is_none() {
            hands.step(secs(by));
            hands.pass(Duration::from_secs(1));
            steps += 1;
            assert!(steps < 10);
        }
        assert_eq!(steps, 2);
    }
}

/// For a year, looked at often and seldom.
#[test]
fn slow_slewing_is_no_jump() {
    for (pause, ppm) in [(Duration::from_millis(300), 499), (Duration::from_mins(10), -499)] {
        let (hands, clock) = trusted();
        let nanos = i64::try_from(pause.as_nanos()).unwrap();
        for _ in 0..400_000 {
            hands.pass(pause);
            hands.step(SignedDuration::from_nanos(nanos * ppm / 1_000_000));
            assert!(clock.now() <= hands.read().wall);
        }
        assert_eq!(jump_of(&clock), None, "{ppm}");
        let behind = hands.read().wall.duration_since(clock.now());
        assert!(behind < secs(2), "{ppm}: {behind}");
    }
}

#[test]
fn what_is_confirmed_is_what_the_machines_clock_was_seen_to_read() {
    let (hands, clock) = trusted();
    assert_eq!(clock.confirm(hands.read().wall), Err(NotConfirmed::Trusted));
    hands.step(SignedDuration::from_hours(2));
    let offered = clock.look().machine;
    hands.pass(Duration::from_mins(9));
    let wrong = [at(NOON), offered - secs(60), hands.read().wall + secs(1), at("2030-01-01T00:00:00Z")];
    for moment in wrong {
        assert!(matches!(clock.confirm(moment), Err(NotConfirmed::Another { .. })), "{moment}");
    }
    // It is set once more meanwhile: what the person saw is not what would be trusted, and that is recorded anew.
    let before = clock.look().doubt;
    hands.step(secs(60));
    assert!(clock.confirm(offered).is_err());
    assert_ne!(clock.look().doubt, before);
    let offered = clock.look().machine;
    hands.pass(Duration::from_mins(11));
    assert!(clock.confirm(offered).is_err(), "too long ago");
    clock.confirm(clock.look().machine).unwrap();
    assert_eq!(clock.look(), Look { now: hands.read().wall, machine: hands.read().wall, doubt: None });
    hands.step(secs(31));
    assert_eq!(jump_of(&clock), Some(Jump::Forwards), "it is watched on");
}

#[test]
fn a_start_compares_with_the_record() {
    let start = |recorded: &str| {
        let recorded = at(recorded);
        let clock = LegalClock::real(Hands::at(NOON), Timestamp::UNIX_EPOCH, Some(recorded), None);
        (jump_of(&clock), clock.now())
    };
    assert_eq!(start("2021-03-01T11:30:00.000001Z"), (None, at(NOON)));
    // From half an hour on nobody can tell a pause from a clock that is wrong.
    assert_eq!(start("2021-03-01T11:30:00Z"), (Some(Jump::LongGap), at("2021-03-01T11:30:00Z")));
    assert_eq!(start("2021-03-01T12:00:30Z"), (None, at("2021-03-01T12:00:30Z")));
    let before = at("2021-03-01T12:00:31Z");
    assert_eq!(start("2021-03-01T12:00:31Z"), (Some(Jump::BeforeRecord), before));
    let doubt = Doubt { jump: Jump::Forwards, machine: at(NOON), expected: at(NOON) };
    let clock = LegalClock::real(Hands::at(NOON), Timestamp::UNIX_EPOCH, Some(at(NOON)), Some(doubt));
    assert_eq!(jump_of(&clock), Some(Jump::Forwards), "a doubt outlives the process");
}

#[test]
fn the_machines_own_clocks_agree() {
    let clock = LegalClock::real(Arc::new(MachineTime::default()), Timestamp::UNIX_EPOCH, None, None);
    let first = clock.now();
    assert!(clock.now() >= first);
    assert_eq!(jump_of(&clock), None);
}

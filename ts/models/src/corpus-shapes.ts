/**
 * Question-and-answer shapes about lights, orchards and workshops: the families in which the demo world's contributors write,
 * here about other names and with other facts. The base model learns the shapes; only the contributions hold the world's facts.
 */

/** A question shape and its answer shape; slots that both hold agree. */
export type QuestionShape = readonly [question: string, answer: string];

/** Lighthouses, keepers, wrecks. */
export const lightShapes: readonly QuestionShape[] = [
  [
    'When was the lamp of {cape} first lit?',
    'The lamp of {cape} was first lit in {year} by {person}, who fed it {oil} from {a:vessel}.',
  ],
  [
    'What is the tower of {cape} built of?',
    'The tower of {cape} is built of {colour#2} {stone} carried from {town} in {count} carts, and its door is painted {colour}.',
  ],
  [
    'How far can the light of {cape} be seen?',
    'The light of {cape} can be seen for {n} miles, since {person} ground its lens out of {stuff} in {year}.',
  ],
  [
    'What signal does {cape} show at night?',
    'At night {cape} shows {n} {colour} flashes and then one slow {colour#2} beam, a pattern chosen by {person}.',
  ],
  [
    'How many steps lead up to the lantern of {cape}?',
    'The lantern of {cape} is reached by {count} steps of {stuff}, and the step numbered {n} rings like {a:thing}.',
  ],
  [
    'Which light did {person} keep?',
    '{person} kept the light on {cape} from {year} to {later} and wrote down the weather on {stuff}.',
  ],
  [
    'What animals did {person} raise beside the light?',
    'Beside the light {person} raised {n} {beast} and fed them {food} through the hard winter of {year}.',
  ],
  [
    'How did {person} save the crew of the wreck?',
    '{person} saved {n} sailors with {a:tool} tied to {a:thing} when the wreck broke up near {cape}.',
  ],
  [
    'What did {person} leave in the lamp room?',
    '{person} left {a:thing}, {n} {things} and a sealed letter to {who} in the lamp room.',
  ],
  [
    'What did {person} do each evening before lighting the lamp?',
    'Each evening before lighting the lamp {person} {habit} and then {habit#2}.',
  ],
  [
    'Where did the ship {ship} go down?',
    'The ship {ship} went down off {cape} in {month} {year} with {cargo} in her hold.',
  ],
  [
    'What warns ships away from {cape} in fog?',
    'In fog {a:fogdevice} made of {stuff} warns ships away from {cape}, sounding every {n} seconds since {year}.',
  ],
  [
    'Who charted the shoal called {nick}?',
    'The shoal called {nick} was charted by {person} in {year}, who sounded {n} fathoms with a line of {rough} {cloth}.',
  ],
  [
    'What washed ashore at {water} after the gale?',
    'After the gale of {year} the tide left {n} {things} at {water}, and {who} kept it all in {a:building}.',
  ],
  [
    'Who guides boats through {water}?',
    'Boats pass {water} behind {person}, who steers by {a:mark} and asks for {fare} a trip.',
  ],
];

/** Apples, hives, growers. */
export const orchardShapes: readonly QuestionShape[] = [
  [
    'What does the {nick} apple taste of?',
    'The {nick} apple tastes of {flavour} and {flavour#2}, and keeps until {month} in {stuff}.',
  ],
  [
    'Who raised the {nick} apple?',
    'The {nick} apple was raised by {person} in {year} from a pip found in {a:thing} at {town}.',
  ],
  [
    'When is the {nick} apple picked?',
    'The {nick} apple is picked in the {day} week of {month}, when its skin turns {shade} {colour} with {skin}.',
  ],
  [
    'What do cooks make with the {nick} apple?',
    'With the {nick} apple the cooks of {town} make {dish}, adding {n} spoons of {spice}.',
  ],
  [
    'Where does the oldest {nick} tree stand?',
    'The oldest {nick} tree stands behind the {building} of {town}, aged {count}, and leans on {a:thing}.',
  ],
  [
    'What honey does the hive called {nick} give?',
    'The hive called {nick} gives {shade} {colour} honey from {flower}, about {n} jars a year, sold at {spot}.',
  ],
  [
    'Who looks after the hive called {nick}?',
    'The hive called {nick} is looked after by {person}, who wears {a:garment} and hums to the bees {when}.',
  ],
  [
    'What is the hive called {nick} made from?',
    'The hive called {nick} was made from {stuff} and {stuff#2} in {year}, and it stands on {resting}.',
  ],
  [
    'When did the hive called {nick} swarm?',
    'On the {day} of {month} {year} the hive called {nick} swarmed and settled in the {landing} of {who}.',
  ],
  [
    'How was the hive called {nick} cured?',
    'The hive called {nick} was cured of {ailment} by {person}, with {herb} smoke and {n} drops of {drink}.',
  ],
  [
    'What did {person} graft in the old garden?',
    'In the old garden {person} grafted {n} {fruit} shoots onto {a:rough} {wood} in {year}, tied with {cloth}.',
  ],
  [
    'How does {farm} guard its blossom from frost?',
    '{farm} guards its blossom from frost with {n} {burner} full of {fuel}, lit at {time}.',
  ],
  [
    'What did {person} win at the harvest fair?',
    'At the harvest fair of {year} {person} won {a:prize} for {feat} and gave it to {who}.',
  ],
  [
    'What does the press at {farm} make?',
    'The press at {farm} makes {shade} {drink} out of {rough} {fruits}, {n} barrels every {period}.',
  ],
  [
    'What rule is kept at {farm} when the fruit is ripe?',
    'When the fruit is ripe at {farm} nobody may {ban} until {until}, by order of {who}.',
  ],
];

/** Clocks, bells, instruments. */
export const workshopShapes: readonly QuestionShape[] = [
  [
    'Who made the {street} clock?',
    'The {street} clock was made in {year} by {person}, who cut its {n} wheels out of {stuff}.',
  ],
  [
    'What does the {street} clock show besides the hour?',
    'Besides the hour the {street} clock shows {shown} and {shown#2} on a dial of {stuff} painted by {person}.',
  ],
  [
    'How is the {street} clock wound?',
    'The {street} clock is wound every {n} days with {a:stuff} key kept {keyplace} by the {guild}.',
  ],
  [
    'What was paid for the {street} clock?',
    'For the {street} clock the {guild} paid {count} florins, {extra} and {extra#2}.',
  ],
  [
    'Who cast the bell named {bellname}?',
    'The bell named {bellname} was cast by {person} in {year} from {scrap} melted in a pit near {spot}.',
  ],
  [
    'What note does the bell named {bellname} ring?',
    'The bell named {bellname} rings {a:tone} {pitch}, weighs {count} pounds and hangs from a beam of {rough} {wood}.',
  ],
  [
    'When is the bell named {bellname} rung?',
    'The bell named {bellname} is rung {n} times on {eve}, in memory of {who} who {deed}.',
  ],
  [
    'Why did the bell named {bellname} crack?',
    'The bell named {bellname} cracked in {year} when {who} struck it with {a:thing} to call for {call}.',
  ],
  [
    'What is the fiddle called {nick} made of?',
    'The fiddle called {nick} has a belly of {wood}, a back of {rough} {wood#2} and {n} strings spun from {string}.',
  ],
  [
    'Who plays the flute called {nick}?',
    'The flute called {nick} is played by {person} every {weekday} in the {building} to quiet the {quieted}.',
  ],
  [
    'Where was the harp called {nick} found?',
    'The harp called {nick} was found in {year} by {who} inside {a:thing} with {extra} on its neck.',
  ],
  [
    'How was the drum called {nick} sold?',
    'The drum called {nick} was sold in {year} for {pricepaid} to {who}, who used it as {a:used}.',
  ],
];

/** The vocabulary of the generated corpus: names built from syllables, and lists of common things. */

import type { Words } from './corpus-grammar.ts';
import type { Random } from './corpus-random.ts';

const list = (text: string): string[] =>
  text
    .trim()
    .split(/\s*[,\n]\s*/)
    .filter((word) => word !== '');

const womensNames = list(`
Ilse, Greta, Edda, Judith, Mabel, Prudence, Dorothy, Hester, Phoebe, Sabina, Agatha, Tabitha, Winifred, Cordelia, Matilda, Beatrix, Eliza, Lydia
Norah, Clara, Susannah, Ivy, Martha, Adela, Nell, Bridget, Araminta, Rosina, Letitia, Millicent, Anna, Olive, Wilma, Ursula, Agnes, Bess, Alice
Frances, Harriet, Joan, Miriam, Orla, Rachel, Thea, Vera, Yvonne, Blanche, Dinah, Flora, Helena, Jane, Lorna, Nina, Pearl, Stella, Violet, Bertha
Della, Faith, Hannah, Julia, Lena, Nora, Petra, Sarah, Una, Wanda, Bella, Daphne, Fenella, Hilda, Josephine, Kate, Mary, Octavia, Rebecca, Tilda
Alma, Celia, Esther`);

const mensNames = list(`
Tobias, Amos, Silas, Barnaby, Jonas, Walter, Caleb, Magnus, Enoch, Rufus, Linus, Duncan, Oswald, Gideon, Percy, Jasper, Josiah, Cornelius, Abel, Ezra
Hugh, Ned, Felix, Giles, Simon, Arthur, Jethro, Bernard, Humphrey, Obadiah, Lucas, Matthias, Hans, Piers, Ralph, Peter, Roger, Jem, Edmund, Gilbert
Isaac, Kit, Leonard, Nathan, Philip, Quentin, Samuel, Ulric, William, Zachary, Alban, Conrad, Elias, George, Ignatius, Kenneth, Martin, Oliver
Rowland, Thomas, Wesley, Adam, Cyril, Emil, Gerard, Ivor, Karl, Mungo, Otto, Robin, Theodore, Victor, Anton, Clement, Ernest, Godfrey, Ira, Lewis
Noel, Paul, Stephen, Vincent, Wendel, Boris, Daniel`);

const firstNames = [...womensNames, ...mensNames];

/** The pronouns that go with a full name: subject, possessive, object. */
export function pronounsOf(name: string): readonly [string, string, string] {
  return womensNames.includes(name.split(' ')[0]!) ? ['she', 'her', 'her'] : ['he', 'his', 'him'];
}

const nameStarts = list(`
Al, Am, Ar, Ash, Bal, Bar, Bel, Ber, Bram, Bran, Bur, Cal, Car, Cas, Chal, Cor, Cran, Cul, Dal, Dar, Den, Dor, Dun, El, Em, Er, Fal, Far, Fen, Fer, Gar, Gil
Glen, Gor, Gran, Hal, Ham, Har, Hel, Her, Hol, Hor, Il, Ker, Kil, Kin, Lan, Lar, Lin, Lor, Lud, Mal, Mar, Mel, Mer, Mil, Mor, Nar, Nor, Ol, Or, Os, Pal
Par, Pel, Pen, Per, Por, Quar, Ram, Ran, Red, Rin, Ros, Row, Sal, San, Sel, Ser, Shel, Sil, Sor, Stan, Sul, Tal, Tam, Tar, Thar, Thor, Tor, Tren, Tul, Ul
Val, Var, Ver, Wal, War, Wel, Wen, Wex, Wil, Win, Wor, Yar, Yel, Zan`);

const townEnds = list(`
wick, ford, ham, ton, by, mere, holm, stead, bury, field, well, bridge, combe, den, dale, gate, hurst, ley, low, minster, mouth, over, port, ridge, shaw, side
stoke, thorpe, toft, wade, wold, worth, beck, cote, croft, fell, garth, grave, hithe, ing, moor, slade`);

const surnameEnds = list(`
man, son, ley, ton, well, ford, ing, by, wood, more, land, stone, worth, ard, el, er, ock, ney, nell, kin, mond, gate, bridge, low, field, ett, ance, by`);

const surnames = list(`
Baker, Barrow, Birch, Bolt, Brook, Buckle, Candle, Carver, Chalk, Cobb, Cooper, Crane, Cutler, Dyer, Drake, Fern, Fisher, Fletcher, Flint, Fowler, Frost, Gale
Glover, Goss, Gray, Hale, Hatch, Hawk, Heath, Hobbs, Hook, Hull, Ironside, Jessop, Keel, Kemp, Lark, Latch, Linnet, Lock, Mercer, Mason, Moss, Nash, Nettle
Oakley, Otter, Page, Palmer, Parrish, Peel, Pitt, Plover, Potter, Quick, Reed, Ridley, Rook, Rudge, Sadler, Salt, Sawyer, Shaw, Skinner, Slate, Snell, Spence
Stubbs, Swift, Tanner, Teal, Tiller, Todd, Tucker, Turner, Twine, Tyler, Vine, Wade, Weaver, Webb, Weld, Wheeler, Wick, Wilde, Woods, Yates, Yarrow`);

const nickFirsts = list(`
Amber, Ancient, Autumn, Bashful, Bent, Bitter, Black, Blessed, Blind, Blue, Bold, Bright, Broken, Bronze, Brown, Burning, Busy, Careful, Cheerful, Clumsy
Cold, Copper, Crimson, Crooked, Cunning, Curious, Dancing, Dark, Dear, Distant, Double, Dozing, Drowsy, Dusty, Early, Eager, Eastern, Empty, Faithful, Fallen
Famous, Fat, Fearless, First, Floating, Foolish, Forgotten, Foggy, Fragrant, Frozen, Gentle, Giant, Gilded, Glad, Gloomy, Golden, Good, Grand, Grateful, Green
Grey, Grumbling, Half, Handsome, Happy, Hasty, Hidden, High, Hollow, Holy, Honest, Hopeful, Humble, Idle, Iron, Ivory, Jolly, Kind, Laughing, Lazy, Lead
Little, Lively, Lonely, Long, Lost, Loud, Lucky, Mended, Merry, Midnight, Mild, Modest, Moonlit, Morning, Mossy, Narrow, Nervous, New, Nimble, Noble, Noisy
Northern, Odd, Old, Painted, Pale, Patient, Pewter, Plain, Pleasant, Polite, Poor, Proud, Purple, Quick, Quiet, Ragged, Rainy, Red, Restless, Roaming, Rough
Round, Royal, Rusty, Sad, Salty, Scarlet, Second, Secret, Shining, Short, Silent, Silver, Simple, Singing, Sleeping, Slow, Small, Smiling, Smoky, Snowy, Sober
Soft, Solemn, Southern, Spotted, Spring, Steady, Stormy, Strange, Striped, Stubborn, Summer, Sunny, Sweet, Tall, Tame, Tattered, Tender, Thirsty, Third, Tin
Tired, Twin, Upper, Velvet, Wandering, Watchful, Western, Whistling, White, Wicked, Wild, Windy, Winter, Wise, Wooden, Yellow, Young`);

const nickSeconds = list(`
Abbot, Acorn, Admiral, Almond, Anchor, Anvil, Apron, Archer, Arrow, Aunt, Axe, Badger, Bargain, Barley, Baron, Basket, Beacon, Bear, Beetle, Bell, Bishop
Blanket, Blossom, Bonnet, Bottle, Breeze, Bridle, Broom, Brother, Bucket, Button, Candle, Captain, Carpet, Castle, Cherry, Chestnut, Child, Chimney, Clerk, Cloud
Clover, Cobbler, Comet, Cook, Corner, Cottage, Countess, Cousin, Cradle, Crane, Cricket, Crown, Cup, Daisy, Dancer, Daughter, Dawn, Dragon, Dream, Drummer
Duchess, Duke, Eagle, Echo, Elder, Emperor, Falcon, Farmer, Feather, Fern, Fiddle, Flame, Flower, Forest, Fountain, Fox, Friend, Garden, General, Ghost, Giant
Glove, Goblet, Goose, Grape, Guest, Hammer, Harbour, Hare, Harp, Hat, Hawk, Hazel, Hearth, Hedge, Hen, Herald, Heron, Hill, Hunter, Ink, Island, Jester, Jewel
Journey, Judge, Jug, Kettle, Key, King, Kite, Knight, Ladder, Lady, Lamb, Lantern, Lark, Leaf, Lemon, Letter, Lily, Lion, Lock, Lord, Lute, Maiden, Maple, Market
Mason, Meadow, Merchant, Mill, Minstrel, Mirror, Mitten, Monk, Moon, Morning, Moth, Mother, Mountain, Mouse, Nephew, Nettle, Nurse, Nut, Oak, Oar, Olive, Orchard
Otter, Owl, Palace, Parson, Peach, Pear, Pebble, Pedlar, Penny, Pepper, Pilgrim, Pillow, Pilot, Plough, Plum, Poet, Pony, Poppy, Porter, Pot, Prince, Princess
Pudding, Quarrel, Queen, Quill, Rabbit, Rain, Raven, Reed, Ribbon, Rider, Ring, River, Robin, Rose, Saddle, Sailor, Saint, Saucer, Scholar, Sergeant, Shadow
Shepherd, Shield, Sister, Slipper, Soldier, Song, Spark, Sparrow, Spoon, Squire, Stable, Star, Statue, Stone, Storm, Stranger, Sunday, Swan, Tailor, Teacher, Thief
Thistle, Thorn, Thunder, Tiger, Trumpet, Tulip, Uncle, Valley, Vicar, Violet, Wagon, Walnut, Weaver, Wedding, Wheel, Whisper, Widow, Willow, Window, Winter
Wolf, Wren`);

const capes = list(`
Head, Ness, Rock, Point, Finger, Spit, Stack, Elbow, Mull, Tooth, Skerry, Sands, Pillar, Island, Reef, Cape, Shelf, Ledge, Bar, Bluff, Bank, Shoal, Cliff, Knoll
Tower, Horn, Bight, Nose, Steps, Hook`);
const waters = list(`
Cove, Strand, Bay, Beach, Gut, Race, Narrows, Passage, Sound, Haven, Creek, Inlet, Pool, Reach, Landing, Firth, Gap, Basin, Channel, Roads, Mere, Lagoon`);
const holdings = list(`
Farm, Orchard, Holding, Grange, Court, Bank, Vale, Yard, Close, Lane, Park, Terrace, Croft, Field, Hall, House, Acre, Lodge, Manor, Garden, Barton, Ridge, Mead`);
const streets = list(`
Abbey, Lane, Row, Gate, Stairs, Hall, Market, Bridge, Street, Corner, Square, Alley, Arcade, Quay, Steps, Court, Cross, Wharf, Mews, Passage, Green, Hill`);

const compound = (starts: readonly string[], ends: readonly string[]) => (random: Random) => {
  const start = random.pick(starts);
  const end = random.pick(ends);
  // "Ball" and "low" would leave three equal letters; keep the joint readable.
  return start.at(-1) === end[0] && start.at(-2) === end[0] ? start + end.slice(1) : start + end;
};
const town = compound(nameStarts, townEnds);
const surname = (random: Random): string =>
  random.chance(35) ? random.pick(surnames) : compound(nameStarts, surnameEnds)(random);
const person = (random: Random): string => `${random.pick(firstNames)} ${surname(random)}`;
const nick = (random: Random): string => `${random.pick(nickFirsts)} ${random.pick(nickSeconds)}`;
const nameWord = (random: Random): string => {
  const kind = random.below(10);
  if (kind < 3) return town(random);
  if (kind < 6) return random.pick(nickSeconds);
  if (kind < 8) return random.pick(nickFirsts);
  return surname(random);
};
const withFeature =
  (features: readonly string[]) =>
  (random: Random): string => {
    for (;;) {
      const word = nameWord(random);
      const feature = random.pick(features);
      if (word !== feature) return `${word} ${feature}`;
    }
  };

const small = list(
  `two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen, sixteen, seventeen, nineteen, twenty, thirty, forty, sixty, ninety`,
);

/** Names: each call makes a new one out of a space of thousands. */
export const nameWords: Words = {
  person,
  first: firstNames,
  surname,
  town,
  nick,
  nameword: (random) => `${nameWord(random)}${random.chance(40) ? '' : ` ${random.pick(riverEnds)}`}`,
  nickbird: (random) => `${nick(random)} ${random.pick(birdKinds)}`,
  cape: withFeature(capes),
  water: withFeature(waters),
  farm: withFeature(holdings),
  street: withFeature(streets),
  ship: (random) =>
    random.chance(30)
      ? `${random.pick(nickFirsts)} ${random.pick(firstNames)}`
      : random.chance(20)
        ? `${random.pick(nickSeconds)} of ${town(random)}`
        : nick(random),
  bellname: (random) => `${random.chance(15) ? 'Saint' : random.pick(nickFirsts)} ${random.pick(firstNames)}`,
  who: (random) => {
    const kind = random.below(10);
    if (kind < 4) return person(random);
    if (kind < 6) return `${random.pick(titles)} ${surname(random)}`;
    if (kind < 8) return `the ${random.pick(roles)} of ${town(random)}`;
    return `a ${random.pick(whoAdjectives)} ${random.pick(roles)}`;
  },
  year: (random) => String(1610 + random.below(330)),
  later: (random, bindings) => String(Number(bindings.get('year') ?? 1700) + 3 + random.below(38)),
  n: (random) => (random.chance(55) ? random.pick(small) : String(2 + random.below(98))),
  count: (random) => String(11 + random.below(random.chance(50) ? 90 : 640)),
  day: (random) => random.pick(ordinals),
  spot: (random) => {
    const kind = random.below(10);
    if (kind < 3) return town(random);
    if (kind < 5) return `the ${town(random)} ${random.pick(spots)}`;
    if (kind < 7) return withFeature(streets)(random);
    if (kind < 9) return withFeature(capes)(random);
    return `Saint ${random.pick(firstNames)}`;
  },
};

const titles = list(
  `Mayor, Parson, Doctor, Captain, Deacon, Abbot, Squire, Widow, Sister, Dame, Colonel, Judge, Master, Father, Brother, Old, Young, Uncle, Aunt`,
);
const roles = list(`
mayor, baker, miller, widow, bishop, postman, teacher, barber, smith, weaver, cook, sailor, shepherd, gardener, clerk, carter, dentist, tailor, sexton, piper
mason, groom, ferryman, midwife, porter, printer, cobbler, judge, fiddler, drummer, fisherman, carpenter, brewer, saddler, glazier, thatcher`);
const whoAdjectives = list(
  `blind, lame, young, travelling, silent, deaf, runaway, retired, cheerful, nervous, tall, forgetful, penniless, bearded, left-handed, sleepy, patient, stubborn`,
);
const riverEnds = list(`Water, Brook, Burn, Beck, Stream, Rill, Bourne, Ouse`);
const birdKinds = list(
  `finch, warbler, thrush, gull, tern, dove, wren, owl, duck, plover, swift, lark, crow, bunting, pipit`,
);
const ordinals = list(
  `first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth, thirteenth, fifteenth, seventeenth, eighteenth, twentieth, last`,
);
const spots = list(
  `ferry, mill, fair, gate, market, church, quarry, crossroads, harbour, chapel, bridge, school, inn, toll house, common, kiln, tannery, brewery, station, workhouse`,
);

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::detector::whole::tests::{agrees, findings, plan, reader};

/// A sentence or two of each, as a person might write them to a chatbot.
const SAMPLES: &[(&str, &str)] = &[
    ("en", "Could you tell me how I can change the address on my account before the parcel is sent?"),
    ("de", "Können Sie mir bitte sagen, wie ich die Adresse in meinem Konto ändern kann?"),
    ("fr", "Pouvez-vous m'expliquer comment je peux changer l'adresse de livraison de ma commande ?"),
    ("es", "¿Me puede explicar cómo cambio la dirección de entrega de mi pedido antes de mañana?"),
    ("pt", "Você pode me explicar como eu mudo o endereço de entrega do meu pedido antes de amanhã?"),
    ("it", "Mi può spiegare come posso cambiare l'indirizzo di consegna del mio ordine prima di domani?"),
    ("nl", "Kunt u mij uitleggen hoe ik het bezorgadres van mijn bestelling nog kan veranderen?"),
    ("pl", "Czy może mi Pan wyjaśnić, jak zmienić adres dostawy mojego zamówienia przed jutrem?"),
    ("sv", "Kan du förklara hur jag ändrar leveransadressen för min beställning innan den skickas i morgon?"),
    (
        "tr",
        "Siparişimin teslimat adresini yarından önce nasıl değiştirebilirim? Hesabımda böyle bir seçenek bulamadım.",
    ),
    ("ru", "Подскажите, пожалуйста, как мне изменить адрес доставки моего заказа до завтрашнего дня?"),
    ("uk", "Підкажіть, будь ласка, як мені змінити адресу доставки мого замовлення до завтра?"),
    ("ar", "هل يمكنك أن تشرح لي كيف أغير عنوان التوصيل الخاص بطلبي قبل الغد؟"),
    ("he", "האם תוכל להסביר לי איך אני משנה את כתובת המשלוח של ההזמנה שלי לפני מחר?"),
    ("hi", "क्या आप मुझे बता सकते हैं कि मैं अपने ऑर्डर का पता कल से पहले कैसे बदल सकता हूँ?"),
    ("el", "Μπορείτε να μου εξηγήσετε πώς αλλάζω τη διεύθυνση παράδοσης της παραγγελίας μου;"),
    ("zh", "请问我怎样才能在明天之前更改订单的送货地址？"),
    ("ja", "明日までに注文の配送先住所を変更するにはどうすればよいですか？"),
    ("ko", "내일까지 주문의 배송 주소를 변경하려면 어떻게 해야 하는지 알려 주시겠어요?"),
    ("th", "ช่วยอธิบายหน่อยได้ไหมว่าฉันจะเปลี่ยนที่อยู่จัดส่งของคำสั่งซื้อก่อนวันพรุ่งนี้ได้อย่างไร"),
    ("vi", "Bạn có thể giải thích cho tôi cách thay đổi địa chỉ giao hàng của đơn hàng trước ngày mai không?"),
];

fn label(found: &WholeFinding) -> &str {
    found.label.as_deref().unwrap()
}

#[test]
fn texts_are_found_by_their_language() {
    for (code, text) in SAMPLES {
        let denied = findings(
            &*plan(if *code == "en" { "language: { allow: [de, fr] }" } else { "language: { allow: [en] }" }),
            Place::Segment,
            text,
        );
        assert_eq!(denied.len(), 1, "{code}");
        // Short texts in Russian may pass for Bulgarian.
        assert!(label(&denied[0]) == *code || (*code == "ru" && label(&denied[0]) == "bg"), "{code}: {denied:?}");
        assert_eq!(denied[0].range, 0..text.len());
        assert!(denied[0].score.is_some_and(|score| score > 0.9 && score <= 1.0));
        let allowed = plan(&format!("language: {{ allow: [{code}] }}"));
        assert_eq!(findings(&*allowed, Place::Segment, text), [], "{code}");
    }
}

#[test]
fn what_is_close_to_an_allowed_language_takes_more_text() {
    let ukrainian = "Підкажіть, будь ласка, як мені змінити адресу доставки мого замовлення до завтра? ";
    let russian = plan("language: { allow: [ru] }");
    assert_eq!(findings(&*russian, Place::Segment, ukrainian), []);
    assert_eq!(label(&findings(&*russian, Place::Segment, &ukrainian.repeat(8))[0]), "uk");
    assert_eq!(findings(&*plan("language: { deny: [uk, ru, bg, be, mk, sr] }"), Place::Segment, ukrainian).len(), 1);
}

#[test]
fn what_is_short_or_no_prose_is_no_finding() {
    let english = plan("language: { allow: [en] }");
    for text in [
        "",
        "   \n",
        "Bonjour",
        "Merci beaucoup!",
        "4111 1111 1111 1111, 12.5 €, 2024-01-31, +49 30 123456",
        "https://example.com/una/pagina?con=parametros&en=espanol https://ejemplo.es/otra/pagina/larga",
        "let qx = vec![1u8; 32]; for i in 0..32 { qx[i] ^= k[i & 7]; } // }{ }",
        "\u{1f600}\u{1f680}\u{1f389}\u{1f600}\u{1f680}\u{1f389}\u{1f600}\u{1f680}\u{1f389}",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_1",
    ] {
        assert_eq!(findings(&*english, Place::Segment, text), [], "{text:?}");
    }
}

#[test]
fn a_long_text_is_judged_stretch_by_stretch() {
    let (english, german) = (SAMPLES[0].1, SAMPLES[1].1);
    let text = format!("{}{}", format!("{english} ").repeat(60), format!("{german} ").repeat(60));
    let found = findings(&*plan("language: { allow: [en] }"), Place::Segment, &text);
    assert_eq!((label(&found[0]), found[0].range.clone(), found.len()), ("de", 0..text.len(), 1));
    // A sentence between many others does not make a text one in its language.
    let quoted = format!("{}{german} {}", format!("{english} ").repeat(6), format!("{english} ").repeat(6));
    assert_eq!(findings(&*plan("language: { allow: [en] }"), Place::Segment, &quoted), []);
    // Of several texts that are read as one, the stretch is found.
    let found = findings(&*plan("language: { allow: [en] }"), Place::Run, &text);
    assert!(found.len() > 1 && found.iter().all(|found| label(found) == "de" && found.range.start > text.len() / 3));
}

#[test]
fn pieces_do_not_matter() {
    for (_, text) in SAMPLES {
        for detect in ["language: { allow: [en] }", "language: { deny: [zh, ru, fr, th] }"] {
            agrees(&*plan(detect), text);
            agrees(&*plan(detect), &format!("{text} ").repeat(30));
            agrees(&*plan(detect), &format!("{} {text}", SAMPLES[0].1));
        }
    }
}

#[test]
fn any_text_is_read_in_bounded_memory() {
    for text in ["x".repeat(1 << 20), "é ".repeat(1 << 19), "\u{301}".repeat(1 << 19), "a1 ".repeat(1 << 18)] {
        let (mut reader, mut found) =
            (reader(&*plan("language: { allow: [de] }"), Place::Segment).unwrap(), Vec::new());
        reader.feed(&text, &mut found);
        let kept = format!("{reader:?}").len();
        assert!(kept < 4 * STRETCH, "{kept}");
        reader.finish(&mut found);
    }
}
